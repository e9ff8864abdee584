"""Compare the results of all models for each tag or class."""

import numpy as np
import pandas as pd

from mscol.config.naming import dataset_title
from mscol.figures.style import WAY, choose_group
from mscol.io.files import read_results
from mscol.pages.elements import code, escape, folded, number, table
from mscol.pages.layout import MISSING
from mscol.tables.measured import METRIC_TITLES

MAIN_METRICS = ("roc_auc", "f1", "r2")  # the metric per label of each task


def label_table(dataset, per_class, synthesised):
    """Write a table with one row per tag or class of a dataset and one column per model, all evaluated in the same way.

    The way is one that most models have, and of these, that of `choose_group`.

    Parameters
    ----------
    dataset : str
        Name of the dataset, with its task.
    per_class : dict of str to (str or os.PathLike)
        The table of labels of each model.
    synthesised : collection of str

    Returns
    -------
    str
        HTML, folded; tables of tags are open, because tags have no confusion matrix.
    """
    found = pd.concat(map(read_results, per_class.values()), keys=per_class, names=["model"])
    found = found.reset_index("model")
    n_models = found.groupby(WAY, dropna=False)["model"].transform("nunique")
    rows, title = choose_group(found[n_models == n_models.max()], next(iter(per_class.values())))
    metric = next(metric for metric in MAIN_METRICS if metric in rows)
    tables = {model: rows[rows["model"] == model].set_index("label") for model in per_class}
    first = max(tables.values(), key=len)
    values = np.array(
        [[rows[metric].get(label, np.nan) for rows in tables.values()] for label in first.index]
    )
    shown = []
    for row, numbers in zip(first.reset_index().itertuples(), values, strict=True):
        cells = [number(f"{row.n_positive:,.0f}"), number(f"{row.n_train:,.0f}")]
        best = np.nanmax(numbers) if len(numbers) > 1 and not np.isnan(numbers).all() else None
        cells += [
            _cell(value, rows, row.label, metric, value == best)
            for value, rows in zip(numbers, tables.values(), strict=True)
        ]
        shown.append((escape(row.label), cells))
    heads = ["label", "test clips", "training clips", *map(code, tables)]
    named = f"{METRIC_TITLES[metric]} of each label of {dataset_title(dataset, synthesised)} ({title}), mean of all runs, 95 % intervals"
    return folded(named, table(heads, shown, label=named, tall=len(shown) > 15), metric == "roc_auc")


def _cell(value, rows, label, metric, is_best):
    if np.isnan(value):
        return number(MISSING)
    low, high = rows.loc[label, [f"{metric}_low", f"{metric}_high"]]
    return number(
        f"{value:.3f}", "" if np.isnan(low) else f"[{low:.3f}, {high:.3f}]", "best" if is_best else ""
    )
