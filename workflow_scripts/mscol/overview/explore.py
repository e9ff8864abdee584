"""Write the maps of the test clips, the confusion matrices, and the excerpts to listen to."""

from typing import NamedTuple

from mscol.config.naming import dataset_title
from mscol.io.files import read_json
from mscol.overview.clips import read_described
from mscol.overview.labels import label_table
from mscol.pages.elements import escape, paragraph, section

_MOST_LISTED = 20  # clips per cell of a confusion matrix; clips with a player come first
_MOST_CLASSES = 40  # in a matrix; with more classes, the most frequent confusions are listed
_MOST_CONFUSIONS = 100


class View(NamedTuple):
    """The files for the maps and classes of one dataset and task.

    Attributes
    ----------
    name : str
        "nsynth", "nsynth-pitch".
    dataset : str
        "nsynth".
    about : str or os.PathLike
        about.json of the task.
    clips : str or os.PathLike or None
        Table of test clips by model (`mscol.overview.clips`); None without embeddings.
    per_class : dict of str to (str or os.PathLike)
        The table of labels of each model.
    excerpts : str or os.PathLike or None
        Excerpts of the dataset (`mscol.overview.excerpts`).
    """

    name: str
    dataset: str
    about: object
    clips: object
    per_class: dict
    excerpts: object


class Clips:
    """The clips of a dataset that the page names, with their numbers, and the excerpts of some."""

    def __init__(self, excerpts):
        self._audio, self._numbers = excerpts, {}

    def number(self, clip):
        """Return the number of a clip; the page stores each name once."""
        return self._numbers.setdefault(clip, len(self._numbers))

    def is_heard(self, clip):
        """Return whether a clip has an excerpt."""
        return clip in self._audio

    def data(self):
        """Return names and excerpts by number."""
        return {
            "names": list(self._numbers),
            "audio": {n: self._audio[clip] for clip, n in self._numbers.items() if clip in self._audio},
        }


def explore(views, synthesised):
    """Write the sections of the page that show clips.

    Parameters
    ----------
    views : list of View
    synthesised : collection of str

    Returns
    -------
    maps, classes : str
        HTML that the page's script fills.
    data : dict
        Data for that script.
    """
    clips = {view.dataset: Clips(read_json(view.excerpts) if view.excerpts else {}) for view in views}
    shown, maps, classes = [], [], []
    for number, view in enumerate(views):
        described = _describe(view, clips[view.dataset])
        shown.append(described)
        title = dataset_title(
            view.name, [view.name] * (view.dataset in synthesised or view.name in synthesised)
        )
        if described["maps"]:
            maps.append(_explorer("map", number, title, described["maps"]))
        matrix = _explorer("confusion", number, title, described["cells"]) if described["cells"] else ""
        heading = "" if matrix else f"<h3>{escape(title)}</h3>"
        classes.append(heading + matrix + label_table(view.name, view.per_class, synthesised))
    data = {"clips": {name: numbered.data() for name, numbered in clips.items()}, "views": shown}
    return (
        section("maps", "Maps of the test clips", _about_maps(shown, data), *maps),
        section("classes", "Tags and classes", *classes),
        data,
    )


def _describe(view, clips):
    about = read_json(view.about)
    task = about["task"]
    tables = dict(iter(read_described(view.clips).groupby("model", sort=False))) if view.clips else {}
    described = {
        "dataset": view.dataset,
        "task": task,
        "labels": about["labels"],
        "of": {},
        "maps": {},
        "cells": {},
    }
    described["listed"] = len(about["labels"]) > _MOST_CLASSES
    for model, table in tables.items():
        runs = [name for name in table if name.startswith("seed")]
        on_map = table[table["x"] != ""]
        described["maps"][model] = [
            [clips.number(row.clip), float(row.x), float(row.y), getattr(row, runs[0]) if runs else ""]
            for row in on_map.itertuples()
        ]
        described["of"] |= {clips.number(row.clip): row.labels for row in on_map.itertuples()}
        if task == "classification" and runs:
            described["cells"][model] = _cells(table, runs, clips, described["listed"])
    described["n"] = max((len(table) for table in tables.values()), default=0)
    return described


def _cells(table, runs, clips, wrong_only):
    """Return the nonempty cells of a confusion matrix: true class, predicted class, clips (mean of all runs), clips in any run, and their numbers."""
    called = table.melt(["clip", "labels"], runs, value_name="called")
    called = called[called["called"] != ""]
    cells = []
    for (label, name), part in called.groupby(["labels", "called"], sort=False):
        ids = list(dict.fromkeys(part["clip"]))
        ids.sort(key=lambda clip: not clips.is_heard(clip))
        cells.append(
            [
                label,
                name,
                round(len(part) / len(runs), 2),
                len(ids),
                [clips.number(clip) for clip in ids[:_MOST_LISTED]],
            ]
        )
    if wrong_only:
        wrong = [cell for cell in cells if cell[0] != cell[1]]
        return sorted(wrong, key=lambda cell: -cell[2])[:_MOST_CONFUSIONS]
    return cells


def _explorer(kind, number, title, of_models):
    """Return the HTML that the script turns into a map or a matrix, with a selection of the model."""
    anchor = f"{kind}-{number}"
    options = "".join(f"<option>{escape(model)}</option>" for model in of_models)
    return (
        f'<h3 id="{anchor}-title">{escape(title)}</h3>'
        f'<div data-{kind}="{number}"><label>model <select aria-label="Model, {escape(title)}">{options}</select></label></div>'
    )


def _about_maps(shown, data):
    """Explain how to read the maps, and which clips they leave out."""
    sizes = {
        view["dataset"]: (len(next(iter(view["maps"].values()))), view["n"]) for view in shown if view["maps"]
    }
    if not sizes:
        return ""
    n_heard = sum(len(clips["audio"]) for clips in data["clips"].values())
    listen = " Click or press Enter to listen." if n_heard else ""
    excerpts = (
        f"{n_heard:,} of them have an excerpt of three seconds" if n_heard else "this page has no excerpts"
    )
    counted = ", ".join(
        f"{n_shown:,} of {n_clips:,} clips of {dataset}" for dataset, (n_shown, n_clips) in sizes.items()
    )
    return paragraph(
        "Each point is a test clip. Clips with similar embeddings are close together (t-SNE of the cosine distances of mean "
        "embeddings, PCA for very few clips; first seed). Distances between groups mean little. Point at a clip, or move to the map "
        f"with Tab and between clips with the arrow keys.{listen} The map shows {counted}, from each class or first tag in turn; "
        f"{excerpts}. results/clips/ has all clips."
    )
