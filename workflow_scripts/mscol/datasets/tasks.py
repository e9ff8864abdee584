"""Label the clips of a manifest for another task; no audio file is read."""

import importlib
import logging
import os

from mscol.datasets import SPLITS
from mscol.datasets.counting import count_clips, count_labels
from mscol.datasets.listed import read_listed
from mscol.errors import DatasetError
from mscol.io.files import read_json, write_csv, write_json


def write_task(layout, root, task, clips, about, task_clips, task_about):
    """Write a manifest's clips with the labels of another task.

    Parameters
    ----------
    layout : str
        A module of this package with ``read_task(root, task)``.
    root : str or os.PathLike
        The dataset's folder.
    task : str
        One of `task_names.TASKS` of the layout.
    clips, about : str or os.PathLike
        clips.csv and about.json of the dataset's manifest.
    task_clips, task_about : str or os.PathLike
        The same files for the task, to be written. Clips without a known label are left out.

    Raises
    ------
    DatasetError
        If the metadata do not match the layout, or no clip of a split has a label.
    """
    # Imported by name: see the docstring of the package.
    kind, names, label_of = importlib.import_module(f"mscol.datasets.{layout}").read_task(root, task)
    table, told = read_listed(clips), read_json(about)
    labels = table["id"].map(label_of)
    table, unknown = table.assign(labels=labels)[labels.notna()], table["id"][labels.isna()]
    if len(unknown):
        logging.warning(
            "%d of %d clips are left out because their %s is missing or unknown, for example %s.",
            len(unknown), len(labels), task, unknown.iloc[0],
        )  # fmt: skip
    for split in SPLITS:
        if not (table["split"] == split).any():
            raise DatasetError(
                f"{root}: no clip of the {split} split has a known {task}. Remove {task} from the dataset's tasks, "
                "or get its metadata again"
            )
    counts = told["counts"]
    told |= {
        "task": kind,
        "labels": list(names),
        "n_train": count_labels(table, kind, names),
        "counts": count_clips(table, counts["left_out"] + len(unknown), counts["rejected"]),
        "rows": {os.path.basename(task_clips): len(table)},
    }
    logging.info("%d clips with %d labels for %s of %s.", len(table), len(names), kind, task)
    write_csv(table, task_clips)
    write_json(told, task_about)
