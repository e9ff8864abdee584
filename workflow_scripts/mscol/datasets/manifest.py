"""The manifest of a dataset: its clips, which of them can be used, and why the others cannot.

Only metadata and audio headers are checked; the shard jobs find errors in decoding. All tables are sorted by id.

Columns of clips.csv: id, path (relative to the root), split, duration (s), bytes, cut (what is missing from a truncated file, or
empty), group (shared by clips that are not independent; the clip's id if there is none), recording (shared by excerpts of one
recording; the clip's id if there is none), artist (empty if unknown), cleaned (0 or 1), labels (tags joined by ``;``, one class,
or a number). Columns of a shard: id, path, split, duration, bytes. Without labels, groups and artists in it, a change of those
does not recompute log-mels. Columns of rejected.csv: id, path, reason.
"""

import collections
import importlib
import inspect
import logging
import os
import re
from concurrent.futures import ThreadPoolExecutor

import pandas as pd

from mscol.datasets import SPLITS
from mscol.datasets.counting import count_clips, count_labels
from mscol.datasets.listed import REJECTED_COLUMNS
from mscol.datasets.shards import shard_of
from mscol.datasets.watch import LAYOUTS, stamps
from mscol.errors import AudioError, ConfigError, DatasetError
from mscol.io import audio
from mscol.io.files import as_on_disk, write_csv, write_json
from mscol.io.lengths import measure
from mscol.jobs.logs import Progress

CLIP_COLUMNS = [
    "id", "path", "split", "duration", "bytes", "cut", "group", "recording", "artist", "cleaned", "labels",
]  # fmt: skip
SHARD_COLUMNS = ["id", "path", "split", "duration", "bytes"]

SHORTEST_SAMPLES = 400 + 97 * 160  # at 16 kHz: the 98 frames of one crop (MSCOL_SMC23 cola/data.py)
_LONGEST_NAME_BYTES = 255 - len(".wav")  # of one part of an id; all common file systems allow 255
# Control characters, line separators and lone surrogates are not safe in csv lines and file names.
_UNWRITABLE = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
# Small enough to spread the work over threads; one future per file would be 340,000 futures.
_FILES_A_TASK = 256
_EXAMPLES_LOGGED = 5


def write_manifest(
    layout, root, options, n_shards, clips_path, rejected_path, about_path, shard_paths, workers=1
):
    """Write the manifest of one dataset.

    Parameters
    ----------
    layout : str
        A module of this package: mtat, nsynth, fma or table.
    root : str or os.PathLike
        The dataset's folder.
    options : dict or None
        The layout's options.
    n_shards : int
    clips_path, rejected_path, about_path : str or os.PathLike
        clips.csv, rejected.csv and about.json.
    shard_paths : sequence of str or os.PathLike
        One csv per shard, in the order of `shards.shard_names`.
    workers : int
        Number of threads that check headers.

    Raises
    ------
    ConfigError
        If the layout or one of its options is unknown.
    DatasetError
        If the root or the metadata do not match the layout or change meanwhile, or a split has no usable
        clip. Nothing is written then.
    """
    if len(shard_paths) != n_shards:
        raise ValueError(f"{n_shards} shards need as many paths, not {len(shard_paths)}")
    reader, options = _reader_and_options(layout, options)
    if not os.path.isdir(root):
        raise DatasetError(f"{root}: there is no such folder. Put the dataset there, or correct its root")
    before = stamps(layout, root, options)
    listed = reader.read_clips(root, **options)
    task, labels = _task_and_labels(reader, root, options)
    logging.info(
        "%s: the metadata list %d clips, with %d labels for %s.", root, len(listed), len(labels), task
    )

    usable, rejected = _judge(listed, root, workers, getattr(reader, "WHOLE_FILES_ONLY", False))
    clips = reader.select(usable, **options) if hasattr(reader, "select") else usable
    _require_splits(clips, usable, rejected, listed, root)
    if stamps(layout, root, options) != before:
        raise DatasetError(
            f"{root}: changed while its clips were listed. Run again when no process writes there"
        )
    counts = count_clips(clips, left_out=len(usable) - len(clips), rejected=len(rejected))
    logging.info("The manifest holds %s.", ", ".join(f"{count} {what}" for what, count in counts.items()))

    grouped_by = options.get("group", reader.GROUPED_BY) if (clips["group"] != "").any() else "clip"
    clips = _with_origins(clips.sort_values("id"))
    write_csv(clips[CLIP_COLUMNS], clips_path)
    write_csv(_writable(rejected[REJECTED_COLUMNS]).sort_values(REJECTED_COLUMNS), rejected_path)
    rows = {os.path.relpath(clips_path, os.path.dirname(about_path)): len(clips)}
    shards = clips["id"].map(lambda clip_id: shard_of(clip_id, n_shards))
    for number, path in enumerate(shard_paths):
        shard = clips.loc[shards == number, SHARD_COLUMNS]
        write_csv(shard, path)
        rows[os.path.relpath(path, os.path.dirname(about_path))] = len(shard)
    n_train = count_labels(clips, task, labels)
    about = {
        "layout": layout,
        "task": task,
        "labels": list(labels),
        "n_train": n_train,
        "grouped_by": grouped_by,
    }
    about |= {"counts": counts, "rows": rows}
    write_json(about, about_path)


def _reader_and_options(layout, options):
    if layout not in LAYOUTS:
        raise ConfigError(f"layout: {layout!r} is unknown. Choose one of {', '.join(sorted(LAYOUTS))}")
    # Imported by name: see the docstring of the package.
    reader = importlib.import_module(f"mscol.datasets.{layout}")
    options = dict(options or {})
    allowed = list(inspect.signature(reader.read_clips).parameters)[1:]
    unknown = sorted(set(options) - set(allowed))
    if unknown:
        raise ConfigError(
            f"layout {layout} has no option {', '.join(unknown)}; its options: {', '.join(allowed) or 'none'}"
        )
    return reader, options


def _task_and_labels(reader, root, options):
    if hasattr(reader, "task_and_labels"):
        return reader.task_and_labels(root, **options)
    return reader.TASK, reader.LABELS


def _with_origins(clips):
    """Fill empty groups and recordings with the clip's id, and escape characters that are not safe in csv."""
    own = {name: clips[name].where(clips[name] != "", clips["id"]) for name in ("group", "recording")}
    origins = own | {"artist": clips["artist"]}
    return clips.assign(**{name: list(map(_escaped, values)) for name, values in origins.items()})


def _judge(listed, root, workers, whole_files_only):
    """Split the listed clips into usable ones, with duration, bytes and cut, and rejected ones."""
    paths = [as_on_disk(root, path) for path in listed["path"]]
    # As objects: pandas' string type cannot hold a name that is not UTF-8
    listed = listed.assign(path=pd.Series(paths, listed.index, dtype=object))
    reasons = _metadata_reasons(listed)
    promising = listed[reasons == ""]
    headers = check_headers(root, promising["path"], workers)
    is_cut = (headers["reason"] == "") & (headers["cut"] != "")
    if whole_files_only:
        headers.loc[is_cut, "reason"] = "cut short: " + headers.loc[is_cut, "cut"]
    elif is_cut.any():
        logging.warning(
            "%d files are cut short but used, for example %s. results/shortened.csv will list them.",
            is_cut.sum(), promising["path"][is_cut].iloc[0],
        )  # fmt: skip
    reasons[promising.index] = headers["reason"]
    clips = listed.assign(reason=reasons).join(headers[["duration", "bytes", "cut"]])
    is_usable = reasons == ""
    usable, rejected = clips[is_usable].astype({"bytes": "int64"}), clips[~is_usable]
    kinds = collections.Counter(map(_kind, rejected["reason"]))
    logging.info("%d clips are usable, %d are rejected.", len(usable), len(rejected))
    for kind, count in kinds.most_common():
        examples = _writable(rejected[[_kind(reason) == kind for reason in rejected["reason"]]])
        named = "; ".join(examples["path"][:_EXAMPLES_LOGGED])
        logging.warning("Rejected, %s: %d, for example %s", kind, count, named)
    return usable, rejected


def _kind(reason):
    """Return a reason without its details, for counting."""
    return re.split(r"[:;(]", reason)[0].strip()


def _metadata_reasons(listed):
    """Return the reason to reject each clip by its metadata alone ("" for none)."""
    reasons, path_of_id = [], {}
    for clip in listed.itertuples():
        reason = clip.reason or name_reason(clip.id, clip.path)
        if not reason and clip.split not in SPLITS:
            reason = f"unknown split: {clip.split!r}, expected train, validation or test"
        if not reason and clip.id in path_of_id:
            reason = f"duplicate id: {clip.id!r} is already the id of {path_of_id[clip.id]!r}"
        if not reason:
            path_of_id[clip.id] = clip.path
        reasons.append(reason)
    return pd.Series(reasons, index=listed.index, dtype=str)


def name_reason(clip_id, path):
    """Return the reason why an id or a path cannot be used as a file name in a folder ("" if it can).

    >>> name_reason("songs/Séculaire 'live'", "songs/Séculaire 'live'.mp3")
    ''
    >>> name_reason("x", "../x.wav")
    "the path is outside the dataset's root"
    >>> name_reason("/x", "x.wav")
    "unusable id: '/x' is empty, or contains an empty part, . or .."
    """
    if not path:
        return "the path is empty"
    if os.path.isabs(path) or os.path.normpath(path).split("/")[0] == "..":
        return "the path is outside the dataset's root"
    if _UNWRITABLE.search(clip_id + path):
        return "unusable name: id or path contain a control character"
    parts = clip_id.split("/")
    if not {"", ".", ".."}.isdisjoint(parts):
        return f"unusable id: {clip_id!r} is empty, or contains an empty part, . or .."
    if max(len(part.encode()) for part in parts) > _LONGEST_NAME_BYTES:
        return f"unusable id: a part is longer than {_LONGEST_NAME_BYTES} bytes"
    return ""


def check_headers(root, paths, workers):
    """Read duration, size and faults of files from their headers, without decoding them.

    Returns
    -------
    pd.DataFrame
        Columns duration (s, 3 decimals), bytes, cut ("" for a complete file), reason ("" for a usable file), indexed as
        ``paths``.
    """
    progress = Progress("audio headers", len(paths))
    files = [os.path.join(root, path) for path in paths]
    tasks = [files[start : start + _FILES_A_TASK] for start in range(0, len(files), _FILES_A_TASK)]
    headers = []
    with ThreadPoolExecutor(workers) as pool:
        for checked in pool.map(lambda task: list(map(_check_header, task)), tasks):
            headers += checked
            progress.step(len(checked))
    return pd.DataFrame(headers, columns=["duration", "bytes", "cut", "reason"], index=paths.index)


def _check_header(file):
    """Return duration, bytes, cut and reason of one file."""
    try:
        seconds, cut = measure(file)
        size = os.path.getsize(file)
    except (AudioError, OSError) as error:
        return 0.0, 0, "", _without_file(error, file)
    if seconds * audio.ANALYSIS_RATE < SHORTEST_SAMPLES:
        shortest = SHORTEST_SAMPLES / audio.ANALYSIS_RATE
        return 0.0, 0, "", f"too short: {seconds:.3f} s, at least {shortest} s are needed for one crop"
    return round(seconds, 3), size, cut, ""


def _without_file(error, file):
    reason = str(error).removeprefix(f"{file}: ")
    if "\\" in file and not os.path.exists(file):
        reason += "; the path contains backslashes, write / between folders"
    return reason


def _require_splits(clips, usable, rejected, listed, root):
    """Raise an error if a split has no clip: the task needs all three."""
    for split in SPLITS:
        if (clips["split"] == split).any():
            continue
        n_usable, n_listed = (int((table["split"] == split).sum()) for table in (usable, listed))
        if not n_listed:
            why = f"the metadata list none. Assign some clips to the split {split}"
        elif n_usable:
            why = f"the cleaned split leaves out all {n_usable} usable ones. Use the option `split: folder`"
        else:
            bad = rejected[rejected["split"] == split]
            [(kind, count)] = collections.Counter(map(_kind, bad["reason"])).most_common(1)
            example = bad[[_kind(reason) == kind for reason in bad["reason"]]].iloc[0]
            why = (
                f"all {n_listed} listed are rejected ({count} of them: {kind}). For example {example.path!r}: {example.reason}. "
                f"{_what_to_do(root, example.path)}"
            )
        raise DatasetError(f"{root}: no usable clip for the {split} split: {why}")


def _what_to_do(root, path):
    """Suggest how to make the clips of a split usable, by the path of one of them."""
    for folder in sorted(os.listdir(root)):
        if os.path.exists(os.path.join(root, folder, path)):
            return f"It is in {folder}/. Move or link the content of that folder to {root}"
    return "Repair or replace the files"


def _writable(rejected):
    """Escape characters in ids and paths that are not safe in csv: rejected clips are only shown."""
    names = {column: [_escaped(name) for name in rejected[column]] for column in ("id", "path")}
    return rejected.assign(**names)


def _escaped(name):
    return _UNWRITABLE.sub(lambda match: ascii(match[0])[1:-1], name)
