"""The rows of the summary: the mean of each table of results, what chance would give, and how it differs from the reference."""

from pathlib import Path

import numpy as np
import pandas as pd

from mscol.errors import CacheError
from mscol.io.files import read_results
from mscol.tables.results import DECIMALS, GROUP, METRICS

_COMPARED = ["reference", "difference", "difference_low", "difference_high", "p_value", "p_holm"]


def summary_rows(tables, per_class, comparisons):
    """Put the ``mean`` rows of many tables of results below each other.

    Parameters
    ----------
    tables, per_class : list of (str or os.PathLike)
        As `write_results_table` wrote them, in one order. A table's name, ``{dataset}_{model}.csv``, says
        what it is of.
    comparisons : str or os.PathLike
        As `compare_models` wrote it.

    Returns
    -------
    pd.DataFrame
        A row a table, test list and metric: with the spread over seeds (standard deviation), what chance would
        give (`chance_levels`), and the difference from the reference model.
    """
    parts = [_summarise(Path(path), Path(classes)) for path, classes in zip(tables, per_class, strict=True)]
    rows = pd.concat(parts, ignore_index=True)
    compared = read_results(comparisons).rename(columns={end: f"difference_{end}" for end in ("low", "high")})
    keys = ["dataset", "model", *GROUP, "metric"]
    return rows.merge(compared[keys + _COMPARED], how="left", on=keys, validate="one_to_one")


def chance_levels(task, per_class, n_test):
    """What each metric would be without having listened.

    Parameters
    ----------
    task : str
    per_class : pd.DataFrame
        label, n_positive, and the metrics of one test list.
    n_test : int

    Returns
    -------
    dict of str to float
        Tagging: the expectation of random scores, 0.5 and each tag's share of the clips. Classification:
        what always naming the most frequent class gives.
    """
    share = per_class["n_positive"].to_numpy() / n_test
    if task == "tagging":
        scored = (share > 0) & (share < 1)
        return {"roc_auc": 0.5, "pr_auc": share[scored].mean() if scored.any() else np.nan}
    largest = share.max()
    return {"accuracy": largest, "macro_f1": 2 * largest / (1 + largest) / (share > 0).sum()}


def _only_row(rows, path):
    if len(rows) != 1:
        raise CacheError(f"{path}: {len(rows)} rows `mean` of one kind; delete it, and it is made again")
    return rows.iloc[0]


def _summarise(table_path, per_class_path):
    # A dataset's name has no underscore (DESIGN, "Names").
    dataset, _, model = table_path.stem.partition("_")
    table, per_class = read_results(table_path), read_results(per_class_path)
    task = next(task for task, metrics in METRICS.items() if metrics[0] in table)
    rows = []
    for group, part in table.groupby(GROUP, sort=False):
        seeds = part[part["seed"] != "mean"]
        mean = _only_row(part[part["seed"] == "mean"], table_path)
        classes = per_class[(per_class[GROUP] == pd.Series(group, GROUP)).all(axis=1)]
        chance = chance_levels(task, classes, mean["n_test"])
        named = {"dataset": dataset, "model": model, "task": task, **dict(zip(GROUP, group, strict=True))}
        for metric in METRICS[task]:
            numbers = {"value": mean[metric], "low": mean[f"{metric}_low"], "high": mean[f"{metric}_high"]}
            spread = {"seeds": len(seeds), "seed_std": round(seeds[metric].std(), DECIMALS)}
            counted = {"n_test": mean["n_test"], "chance": round(chance[metric], DECIMALS)}
            rows.append(named | {"metric": metric} | numbers | spread | counted)
    return pd.DataFrame(rows)
