"""The three datasets at full size, made up: their metadata, their manifests, and stand-ins for all that a run makes.

For tests and benchmarks of the graph, which looks at names and dates of files but into none of them. No audio is made;
files of the datasets are empty, where they are asked for.
"""

import json
import os
import sys
from pathlib import Path

import pandas as pd

from mscol.datasets import fma, mtat
from mscol.datasets.manifest import CLIP_COLUMNS, SHARD_COLUMNS
from mscol.datasets.shards import shard_names, shard_of
from mscol.io.files import write_csv, write_json

# Clips that the metadata list, by folder or split (METHOD, "Datasets")
N_MTAT = 25_863
N_NSYNTH = {"train": 289_205, "valid": 12_678, "test": 4_096}
N_FMA = {"training": 6_400, "validation": 800, "test": 800}
SECONDS = {"mtat": 29.1, "nsynth": 4.0, "fma": 30.0}


def make_roots(folder, files=False):
    """Make the roots of the three datasets, with metadata of full size; with ``files`` an empty file a clip.

    Returns
    -------
    dict
        What a config says of them under ``datasets``.
    """
    makers = {"mtat": _make_mtat, "nsynth": _make_nsynth, "fma": _make_fma}
    for name, make in makers.items():
        root = Path(folder, name)
        paths = list(make(root))
        for parent in sorted({os.path.dirname(path) for path in paths}):
            (root / parent).mkdir(parents=True, exist_ok=True)
        for path in paths if files else ():
            (root / path).touch()
    return {name: {"layout": name, "root": str(Path(folder, name))} for name in makers}


def _make_mtat(root):
    """Write annotations_final.csv and name the clips: as many in each of the sixteen folders, five of six with a tag."""
    paths = [f"{number % 16:x}/clip-{number:05d}.mp3" for number in range(N_MTAT)]
    others = [f"other tag {number}" for number in range(188 - len(mtat.LABELS))]
    lines = ["\t".join(["clip_id", *mtat.LABELS, *others, "mp3_path"])]
    for number, path in enumerate(paths):
        flags = ["0"] * 188
        if number % 6:
            flags[number % len(mtat.LABELS)] = "1"
        lines.append("\t".join([str(number), *flags, path]))
    _write(root / "annotations_final.csv", "\n".join(lines) + "\n")
    infos = [f"{number}\tartist {number // 100}\t{path}" for number, path in enumerate(paths)]
    _write(root / "clip_info_final.csv", "\n".join(["clip_id\tartist\tmp3_path", *infos]) + "\n")
    return paths


def _make_nsynth(root):
    """Write the three examples.json, and name the notes."""
    families = ("bass", "guitar", "organ", "vocal")
    for split, n_notes in N_NSYNTH.items():
        notes = [f"{families[number % 4]}_made_{number:06d}" for number in range(n_notes)]
        about = {note: {"instrument_family_str": note.split("_")[0], "sample_rate": 16000} for note in notes}
        _write(root / f"nsynth-{split}" / "examples.json", json.dumps(about))
        yield from (f"nsynth-{split}/audio/{note}.wav" for note in notes)


def _make_fma(root):
    """Write tracks.csv, and name the tracks."""
    lines = [",set,set,track,artist", ",split,subset,genre_top,id", "track_id,,,,"]
    for split, n_tracks in N_FMA.items():
        for _ in range(n_tracks):
            number = len(lines)
            lines.append(f"{number},{split},small,{fma.LABELS[number % 8]},{number}")
            yield f"fma_small/{number // 1000:03d}/{number:06d}.mp3"
    _write(root / "fma_metadata" / "tracks.csv", "\n".join(lines) + "\n")


def _write(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def write_manifests(directory, datasets, n_shards):
    """Write manifests as `write_manifest` would, without looking at audio.

    Parameters
    ----------
    directory : Path
        Of the run.
    datasets : dict
        From `make_roots`.
    n_shards : dict
        For each dataset.
    """
    import importlib

    for name, about in datasets.items():
        reader = importlib.import_module(f"mscol.datasets.{name}")
        clips = reader.read_clips(about["root"]).assign(duration=SECONDS[name] + 0.02, bytes=1000, cut="")
        clips = reader.select(clips) if hasattr(reader, "select") else clips
        folder = directory / "manifests" / name
        write_csv(clips[CLIP_COLUMNS], folder / "clips.csv")
        write_csv(pd.DataFrame(columns=["id", "path", "reason"]), folder / "rejected.csv")
        write_json(
            {"layout": name, "task": reader.TASK, "labels": list(reader.LABELS)}, folder / "about.json"
        )
        shards = clips["id"].map(lambda clip_id, n=n_shards[name]: shard_of(clip_id, n))
        for number, shard in enumerate(shard_names(n_shards[name])):
            write_csv(clips.loc[shards == number, SHARD_COLUMNS], folder / "shards" / f"{shard}.csv")
        for (
            path
        ) in folder.iterdir():  # older than the datasets, so that `make_stand_ins` takes up their jobs, too
            os.utime(path, (0, 0))


def watch_opened_files(folder):
    """Let Python processes write down which files they open, and which folders they list.

    Returns
    -------
    environment : dict
        What is to be set for these processes.
    opened : callable
        Returns the paths that were opened or listed since it was last called, for instance "open /data/a.csv".
    """
    folder.mkdir(parents=True, exist_ok=True)
    log = folder / "opened.txt"
    (folder / "sitecustomize.py").write_text(
        "import os, sys\n"
        f"log = os.open({str(log)!r}, os.O_WRONLY | os.O_CREAT | os.O_APPEND)\n"
        "def note(event, arguments):\n"
        "    if event in ('open', 'os.listdir', 'os.scandir') and isinstance(arguments[0], str):\n"
        "        os.write(log, f'{event} {os.path.abspath(arguments[0])}\\n'.encode(errors='replace'))\n"
        "sys.addaudithook(note)\n"
    )

    def opened():
        lines = log.read_text().splitlines() if log.exists() else []
        log.unlink(missing_ok=True)
        return lines

    path = os.pathsep.join(filter(None, [str(folder), os.environ.get("PYTHONPATH")]))
    return {"PYTHONPATH": path}, opened


def make_stand_ins(arguments):
    """Let Snakemake take all jobs for done: every output, log and timing becomes an empty file where there is none.

    Parameters
    ----------
    arguments : list of str
        Of the command line, without ``--touch``.
    """
    from snakemake.cli import main
    from snakemake.executors import touch
    from snakemake_interface_executor_plugins.executors.base import SubmittedJobInfo

    def run_job(self, job):
        for path in job.output:
            if path.is_directory:
                Path(path).mkdir(parents=True, exist_ok=True)
        files = [path for path in job.output if not path.is_directory]
        for path in map(Path, [*files, *job.log, *filter(None, [job.benchmark])]):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()
        about = SubmittedJobInfo(job=job)
        self.report_job_submission(about)
        self.report_job_success(about)

    touch.Executor.run_job = run_job
    sys.exit(main(["--touch", *arguments]))


if __name__ == "__main__":
    make_stand_ins(sys.argv[1:])
