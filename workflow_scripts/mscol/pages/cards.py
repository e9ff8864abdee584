"""Write model cards: description, training, results, usage and licence of an encoder."""

from math import isnan
from pathlib import Path

import pandas as pd

from mscol.config.models import SOURCES, parse_model
from mscol.config.naming import banner, dataset_title, protocol_title
from mscol.errors import CacheError
from mscol.io.atomic import atomic_path
from mscol.io.files import read_json, read_results
from mscol.jobs.backend import TITLES
from mscol.mels.framing import FRAMINGS
from mscol.pages.front_matter import front_matter, labels_title, model_title
from mscol.pages.taken import tell_taken
from mscol.papers import PAPERS
from mscol.separation.origin import name_separator, tell_origin
from mscol.tables.measured import METRIC_TITLES
from mscol.tables.results import GROUP

# Terms of the recordings that an encoder is trained on, by layout; MTAT: tagatune.org/Magnatagatune.html (2026-11); Engel et al.,
# Neural Audio Synthesis of Musical Notes, 2017 (CC BY 4.0); Defferrard et al., FMA, ISMIR 2017 (each artist's own).
RECORDINGS = {
    "mtat": (
        "cc-by-nc-sa-3.0",
        "MagnaTagATune's recordings are licensed CC BY-NC-SA 3.0: no commercial use.",
    ),
    "nsynth": ("cc-by-4.0", "NSynth is licensed CC BY 4.0."),
    "fma": (
        "other",
        "Each FMA track is under the licence that its artist chose; fma_metadata/tracks.csv lists them.",
    ),
}
OTHER_RECORDINGS = ("other", "The owners of the recordings that it was trained on decide how it may be used.")
EMBEDDED = (
    "mit",
    "It was trained on music that this workflow synthesises, so no one else has rights in it.",
)
UNTRAINED = (
    "Its weights are random. Only means and variances come from recordings, so no one else has rights in it."
)
# Terms of the separators (from the Zenodo pages of their weights)
SEPARATORS = {
    "umxl": "Its stems were separated by Open-Unmix umxl, whose weights are licensed CC BY-NC-SA 4.0: no commercial use.",
    "umxhq": "Its stems were separated by Open-Unmix umxhq, whose weights are licensed MIT.",
    "umx": "Its stems were separated by Open-Unmix umx, whose weights are licensed MIT.",
    "demo": "Its stems were separated by an Open-Unmix that this workflow trained on synthesised music.",
}
CODE = "mscol itself is licensed MIT."


def write_model_card(run, dataset, separator, tables, card, synthesised=(), losses=None, timings=None):
    """Write the card of an encoder.

    Parameters
    ----------
    run : str or os.PathLike
        run.json next to the encoder, which describes how it was made.
    dataset : dict
        The dataset of pretraining: name, layout, embedded (whether this workflow makes it).
    separator : str or None
        The separator of the stems, as in ``separation/model`` or ``separation/callable``; None if the stems came with the
        dataset.
    tables : dict
        For each dataset that it was evaluated on, the path of the table of results.
    card : str or os.PathLike
        Output path: Markdown with a YAML header.
    synthesised : collection of str
        The datasets that this workflow made; the card marks them as synthesised.
    losses : dict of str to float, optional
        Validation losses of the separator, if it was trained on synthesised songs only and separated other music.
    timings : dict of str to list of str, optional
        Description of jobs -> patterns of the files with their times as Snakemake measured them (`mscol.pages.taken`).

    Raises
    ------
    CacheError
        If run.json does not describe how the encoder was made.
    """
    run_path, run = run, read_json(run)
    if "model" not in run or "values" not in run:
        raise CacheError(f"{run_path}: does not describe how the encoder was made. Delete it and run again.")
    licence, terms = _licence(run, dataset, separator)
    figures = pd.concat(
        [_figures(name, path, run.get("seed")) for name, path in tables.items()], ignore_index=True
    )
    encoder = Path(card).with_name("encoder.keras")
    sections = {
        model_title(run): _what(run, dataset),
        "Load it": _LOADING.format(
            encoder=encoder, folder=encoder.parent, values=run["values"], hop=_hop_seconds(run)
        ),
        "Input and output": _SHAPES.format(values=run["values"], level=_level(run)),
        "Results": _figures_section(figures, synthesised),
        "Training": _making(run, dataset, separator),
        "Time and energy": tell_taken(run, timings or {}),
        "Limits": _limits(run) + _about_stems(run, dataset, losses),
        "Licence": " ".join([terms, CODE]),
    }
    titles = [dataset_title(name, synthesised) for name in tables]
    text = front_matter(run, dataset, licence, titles, figures, synthesised)
    text += "".join(
        f"\n{'#' if number == 0 else '##'} {title}\n\n{body.strip()}\n"
        for number, (title, body) in enumerate(sections.items())
    )
    with atomic_path(card) as partial:
        partial.write_text(text, encoding="utf-8")


def _what(run, dataset):
    size = f"It has {run['parameters']:,} parameters and gives {run['values']:,} values for each window of {_hop_seconds(run):g} s of audio."
    if "checkpoint" in run:
        whose = f" It is one of {PAPERS['cvsm']}." if _paper(run) == "cvsm" else ""
        return f"An audio encoder that was trained elsewhere, from {_code(run['checkpoint'])}.{whose} {size}"
    if run["model"] == "untrained":
        return (
            "An audio encoder with random weights, as a baseline for trained encoders. Only the statistics of its batch "
            f"normalisation come from music ({_recordings(dataset)}). {size}"
        )
    model = parse_model(run["model"])
    sources = " or ".join(source for source in SOURCES if source in model.sources)
    task = (
        f"the second of {sources} that comes from the same four seconds of a recording as a given second of the mixture"
        if model.sources
        else "seconds that come from the same four seconds of a recording"
    )
    options = {
        "masked": "Each crop was augmented (masks in time and frequency, shifts, time warps).",
        "silent": f"Half of its minibatches also held segments without the source, {_absent(run)}.",
        "random": "As an ablation, the source came from another recording.",
    }
    more = [text for option, text in options.items() if getattr(model, option)]
    if model.degraded_db is not None:
        over = "in each segment of four seconds" if model.degraded_each else "over each recording as a whole"
        more.append(f"Its stems were blended with the mixture down to {model.degraded_db} dB {over}.")
    return " ".join([f"An audio encoder that learned, without labels, to find {task}.", *more, size])


def _absent(run):
    what = {"zeros": "an image of zeros", "residue": "a crop of the residue that separation left"}
    absent = run["settings"].get("absent", "residue")  # older runs, without this setting, used the residue
    return f"where it was replaced with {what[absent]}"


def _level(run):
    """Describe the norm by which to divide recordings, which is the norm used in the encoder's training."""
    seconds = run.get("clip_seconds")
    if _paper(run) == "cvsm":
        return "the L2 norm of each slice of 5 s; crops do not cross slices (`mscol.mels.log_mel(waveform, slice_seconds=5)`)"
    if not seconds:
        return "the L2 norm of the whole recording (`mscol.mels.log_mel`)"
    return (
        f"the L2 norm of the whole recording. Training recordings lasted {seconds:.4g} s. Scale a longer recording to the same level, "
        f"at each place from the audio around it: `log_mel(waveform, normalise_seconds={seconds:.5g})`. `embed` and "
        "`embed_file` do this automatically (`normalise`)"
    )


def _paper(run):
    """Return the paper of the encoder; earlier runs do not record it and are of the first paper."""
    return run.get("paper", "mscol")


def _hop_seconds(run):
    return FRAMINGS[_paper(run)].hop_seconds


def _making(run, dataset, separator):
    facts = {}
    if "checkpoint" in run:
        facts["checkpoint"] = _code(run["checkpoint"])
    else:
        settings = run["settings"]
        facts["recordings"] = f"{_recordings(dataset)}, training split"
        facts["segments of four seconds"] = f"{run['n_segments']['train']['all']:,}"
        facts["fingerprint of the data"] = f"`{run['dataset_fingerprint']}`"
        if run["sources"]:
            facts["stems"] = name_separator(separator) if separator else "from the dataset"
        if run["model"] != "untrained":
            facts["updates"] = f"{settings['updates']:,} of {run['n_pairs']} pairs"
            facts["learning rate"] = f"{settings['learning_rate']:g}, {settings['schedule']} (Adam)"
            facts["settings"] = ", ".join(f"{k} {v}" for k, v in settings.items() if not isinstance(v, dict))
        size = settings["encoder"]
        facts["encoder"] = f"EfficientNet-B0, width {size['width']:g}, depth {size['depth']:g}"
        facts["seed, threads"] = f"{run['seed']}, {run['framework_threads']}"
    if run.get("wall_seconds") is not None:
        facts["time"] = f"{run['wall_seconds']:,} s"
    if "backend" in run:
        facts["computed with"] = f"{TITLES.get(run['backend'], run['backend'])}, on {_words(run)}"
    facts["versions"] = ", ".join(f"{name} {version}" for name, version in run["versions"].items())
    facts["commit of the workflow"] = f"`{run['commit']}`" if run.get("commit") else "unknown"
    rows = "\n".join(f"| {name} | {value} |" for name, value in facts.items())
    return f"| | |\n|---|---|\n{rows}\n\n`run.json` next to this file has all details, `history.csv` the loss and accuracy of pretraining."


def _code(text):
    """Format a text as code, with backticks replaced and the separators of table cells escaped."""
    return f"`{text.replace('`', chr(39)).replace('|', chr(92) + '|')}`"


def _words(run):
    number, device = run.get("n_devices", 1), run["device"]
    if number > 1:
        return f"{number} × {device}"
    return "a CPU" if device == "CPU" else device


def _recordings(dataset):
    embedded = "synthesised by this workflow in the layout" if dataset["embedded"] else "layout"
    return f"{dataset['name']}, {embedded} {dataset['layout']}"


def _limits(run):
    known = "It was not deliberately trained on speech or noise, and works best on the kinds of music that it was trained on. "
    return _LIMITS.format(trained="" if run["model"] == "untrained" else known)


def _about_stems(run, dataset, losses):
    """Add a note if the stems of this encoder come from a separator that was not trained on such music."""
    if losses is None or not run.get("sources"):
        return ""
    return f"\n\n{tell_origin(dataset['name'], losses)}"


def _figures(dataset, path, seed):
    """Return the rows of one table for this seed, one row per metric."""
    table = read_results(path)
    rows = table[table["seed"] == str(seed)] if seed is not None else table[table["seed"] == "mean"]
    metrics = [metric for metric in METRIC_TITLES if metric in table]
    return pd.DataFrame(
        [
            {"dataset": dataset, **{key: row[key] for key in GROUP}, "n_test": row["n_test"], "metric": metric,
             "head": row["head"], "value": row[metric], "low": row[f"{metric}_low"], "high": row[f"{metric}_high"]}
            for row in rows.to_dict("records")
            for metric in metrics
            if not isnan(row[metric])  # metrics of other protocols
        ]
    )  # fmt: skip


def _figures_section(figures, synthesised):
    lines = ["| dataset | test list | test clips | protocol | head | standardised | training labels | metric | value | 95 % interval |",
             "|---|---|---:|---|---:|---|---:|---|---:|---:|"]  # fmt: skip
    lines += [
        f"| {dataset_title(row.dataset, synthesised)} | {row.test_list} | {row.n_test} | {protocol_title(row.protocol)} | {row.head} | "
        f"{row.standardised} | "
        f"{labels_title(row.label_fraction)} | "
        f"{METRIC_TITLES[row.metric]} | {row.value:.3f} | {'' if isnan(row.low) else f'[{row.low:.3f}, {row.high:.3f}]'} |"
        for row in figures.itertuples()
    ]
    note = banner(name for name in figures["dataset"] if name in synthesised)
    return (
        (f"**{note}**\n\n" if note else "")
        + "\n".join(lines)
        + "\n\nIntervals cover the choice of test clips, but not another training. They are missing if none would be "
        "reliable. Results on small test sets say little."
    )


def _licence(run, dataset, separator):
    """Return the identifier of a licence, and sentences with its reasons."""
    if "checkpoint" in run:
        return "other", "The terms of the encoder's authors apply."
    if run["model"] == "untrained":
        return "mit", UNTRAINED
    licence, terms = EMBEDDED if dataset["embedded"] else RECORDINGS.get(dataset["layout"], OTHER_RECORDINGS)
    sentences = [terms]
    if run["sources"]:
        whose = "whoever made the stems" if separator is None else "the separator that made its stems"
        sentences.append(SEPARATORS.get(separator, f"The terms of {whose} also apply."))
        if separator not in ("demo", "umx", "umxhq") and licence in ("mit", "cc-by-4.0"):
            licence = "cc-by-nc-sa-4.0" if separator == "umxl" else "other"
    sentences.append(
        "It is not settled law whether weights are a work derived from recordings. These terms are the cautious reading."
    )
    return licence, " ".join(sentences)


_LOADING = """
Install mscol (`pip install '.[training]'` in the workflow's folder) and run

```
mscol embed song.mp3 --encoder {folder} -o song.parquet
```

Without installing it, replace `mscol` with `PYTHONPATH=workflow_scripts python -m mscol`. In Python:

```python
from mscol.embeddings import embed_file
from mscol.model import load_encoder

encoder = load_encoder("{encoder}")
windows = embed_file("song.mp3", encoder)  # (windows, {values}): one row per {hop:g} s
```

`encoder.keras` contains only layers of Keras, so `keras.saving.load_model` also loads it without mscol.
"""

_SHAPES = """
Input: crops of log-mel spectrograms, shape (n, 98, 64, 1): 98 frames of 10 ms, 64 bands from 60 to 7,800 Hz, of 16 kHz mono
audio divided by {level}. Output: (n, {values}), float32.
"""

_LIMITS = """
It processes one second at a time. A model on top of it has to capture longer structure (form, long phrases). {trained}The heads
in `heads/` predict only the labels of their datasets, with the errors that the results above show.
"""
