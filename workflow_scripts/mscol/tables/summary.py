"""Collect the rows of the summary: the mean of each table of results, its chance level and its difference from the reference."""

from pathlib import Path

import pandas as pd

from mscol.errors import CacheError
from mscol.io.files import read_results
from mscol.metrics.chance import chance_levels
from mscol.metrics.intervals import FEWEST_GROUPS
from mscol.tables.measured import METRICS
from mscol.tables.queries import QUERY_METRICS
from mscol.tables.results import DECIMALS, GROUP

_COMPARED = ["reference", "difference", "difference_low", "difference_high", "p_value", "p_holm", "mark"]


def summary_rows(tables, per_class, comparisons):
    """Collect the ``mean`` rows of many tables of results.

    Parameters
    ----------
    tables, per_class : list of (str or os.PathLike)
        As `write_results_table` wrote them, in the same order. A table's name, ``{dataset}_{model}.csv``, gives
        its dataset and model.
    comparisons : str or os.PathLike
        As `compare_models` wrote it.

    Returns
    -------
    pd.DataFrame
        One row per table, test list and metric: with the number of seeds and of heads per seed, the standard deviation over runs
        (over seeds, or over the heads of a single seed), the size of the test list, the number of labels that can be scored
        (n_labels) and of those with few groups (n_few), labels with test clips but without training clips (untaught), the
        chance level, and the difference from the reference model.
    """
    parts = [_summarise(Path(path), Path(classes)) for path, classes in zip(tables, per_class, strict=True)]
    rows = pd.concat(parts, ignore_index=True)
    compared = read_results(comparisons).rename(columns={end: f"difference_{end}" for end in ("low", "high")})
    keys = ["dataset", "model", *GROUP, "metric"]
    return rows.merge(compared[keys + _COMPARED], how="left", on=keys, validate="one_to_one")


def _only_row(rows, path):
    if len(rows) != 1:
        raise CacheError(f"{path}: {len(rows)} rows `mean` of one kind, expected 1. Delete it and run again.")
    return rows.iloc[0]


def _summarise(table_path, per_class_path):
    # A dataset's name has no underscore (DESIGN, "Names").
    dataset, _, model = table_path.stem.partition("_")
    table, per_class = read_results(table_path), read_results(per_class_path)
    task = next(task for task, metrics in METRICS.items() if metrics[0] in table)
    rows = []
    for group, part in table.groupby(GROUP, sort=False):
        heads = part[part["seed"] != "mean"]
        n_seeds = heads["seed"].nunique()
        runs = heads.groupby("seed" if n_seeds > 1 else "head", sort=False)
        mean = _only_row(part[part["seed"] == "mean"], table_path)
        classes = per_class[(per_class[GROUP] == pd.Series(group, GROUP)).all(axis=1)]
        told = [name for name in table if name.endswith("_chance") and pd.notna(mean[name])]
        chance = {name.removesuffix("_chance"): mean[name] for name in told}
        if not chance:
            chance |= chance_levels(task, classes["n_positive"].to_numpy(), mean["n_test"])
        scored, tested = classes["n_groups"] > 0, classes["n_positive"] > 0
        named = {"dataset": dataset, "model": model, "task": task, **dict(zip(GROUP, group, strict=True))}
        about = {"seeds": n_seeds, "heads": heads["head"].nunique()}
        about |= {key: mean[key] for key in ("n_test", "n_groups", "grouped_by", "validation", "chosen")}
        about["n_labels"], about["n_few"] = (
            scored.sum(),
            (scored & (classes["n_groups"] < FEWEST_GROUPS)).sum(),
        )
        about["untaught"] = ", ".join(classes.loc[tested & (classes["n_train"] == 0), "label"])
        of_queries = QUERY_METRICS.get(named["protocol"])
        for metric in of_queries or METRICS[task]:
            numbers = {"value": mean[metric], "low": mean[f"{metric}_low"], "high": mean[f"{metric}_high"]}
            spread = {"seed_std": round(runs[metric].mean().std(), DECIMALS)}
            levels = {"chance": round(chance[metric], DECIMALS)}
            rows.append(named | {"metric": metric} | numbers | spread | about | levels)
    return pd.DataFrame(rows)
