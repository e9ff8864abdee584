"""Compare each model with a reference model, on the same resamples of the same clips."""

import itertools
import logging

import numpy as np
import pandas as pd

from mscol.io.files import write_csv
from mscol.metrics.intervals import FEWEST_GROUPS, SIGNIFICANT, holm, paired_p_value, percentile_interval
from mscol.scores.files import read_arrays
from mscol.tables.measured import LABEL_METRICS, METRIC_TITLES
from mscol.tables.results import DECIMALS, GROUP

COLUMNS = ["dataset", "model", "reference", *GROUP, "n_runs", "n_groups", "metric"]
NUMBERS = ["difference", "low", "high", "p_value"]
# p-values have more decimals: one that is rounded to 0.05 could be on either side of the limit.
ROUNDING = dict.fromkeys(NUMBERS[:3], DECIMALS) | {"p_value": 8, "p_holm": 8}


def compare_models(bootstraps, reference, overall, per_label):
    """Compare each model with the reference model, with a paired bootstrap over test clips and training runs.

    A single run gives an interval of the difference but no p-value, because the variation between trainings of the same model
    is unknown.

    Parameters
    ----------
    bootstraps : dict
        For each (dataset, model): the path of the file that `save_resamples` wrote.
    reference : str
        The model that all others are compared with. A dataset without it has no comparison.
    overall : str or os.PathLike
        Output path: columns dataset, model, reference, protocol, test_list, label_fraction, standardised, n_runs, n_groups,
        metric, difference (model minus reference), its interval (low, high), p_value, p_holm (corrected for the number of
        models compared on this metric), and mark: ``higher`` or ``lower`` if p_holm is below 0.05 even at the upper end of its
        95 % interval over resamples.
    per_label : str or os.PathLike
        Output path: the same for each tag or class (label, n_positive); n_groups counts the groups with the label, or those
        without it if they are fewer. p_value and mark have no correction. With fewer than five groups, only the difference
        is given.

    Raises
    ------
    CacheError
        If a file is damaged.
    """
    rows, label_rows = [], []
    for (dataset, model), path in bootstraps.items():
        if model == reference or (dataset, reference) not in bootstraps:
            continue
        ours, theirs = read_arrays(path), read_arrays(bootstraps[dataset, reference])
        for one, other in _common_groups(ours, theirs):
            named = {"dataset": dataset, "model": model, "reference": reference}
            named |= {key: ours[key][one] for key in GROUP}
            named["n_runs"] = min(ours["n_runs"][one], theirs["n_runs"][other])
            for metric in _present(METRIC_TITLES, ours, one):
                difference = ours[metric][one] - theirs[metric][other]
                about = describe_difference(difference, ours["n_groups"][one], named["n_runs"])
                rows.append(named | {"metric": metric, "n_groups": ours["n_groups"][one]} | about)
            for metric in _present(itertools.chain(*LABEL_METRICS.values()), ours, one, "_per_label"):
                differences = ours[f"{metric}_per_label"][one] - theirs[f"{metric}_per_label"][other]
                counts = zip(
                    ours["labels"], ours["n_positive"][one], ours["n_label_groups"][one], strict=True
                )
                label_rows += [
                    named
                    | {"metric": metric, "label": label, "n_positive": n_positive, "n_groups": n_groups}
                    | describe_difference(difference, n_groups, named["n_runs"])
                    for (label, n_positive, n_groups), difference in zip(counts, differences.T, strict=True)
                ]
    table = pd.DataFrame(rows, columns=[*COLUMNS, *NUMBERS, "highest_p"])
    tests = table.groupby(["dataset", *GROUP, "metric"], sort=False)
    for column, adjusted in (("p_value", "p_holm"), ("highest_p", "highest_p")):
        table[adjusted] = tests[column].transform(holm) if len(table) else []
    table["mark"] = _marks(table)
    write_csv(table.drop(columns="highest_p").round(ROUNDING), overall)
    columns = [*COLUMNS, "label", "n_positive", *NUMBERS, "highest_p"]
    labels = pd.DataFrame(label_rows, columns=columns)
    labels["mark"] = _marks(labels)
    write_csv(labels.drop(columns="highest_p").round(ROUNDING), per_label)
    logging.info(
        "Compared models with %s: %d of %d differences are significant (p < %g after Holm's correction).",
        reference, len(table), (table["mark"] != "").sum(), SIGNIFICANT,
    )  # fmt: skip


def _common_groups(ours, theirs):
    """Pair the rows of one protocol, test list and share of labels that have exactly the same clips."""
    keys = [*GROUP, "clips"]
    place = {
        row: number for number, row in enumerate(zip(*(theirs[key].tolist() for key in keys), strict=True))
    }
    for number, row in enumerate(zip(*(ours[key].tolist() for key in keys), strict=True)):
        if row in place:
            yield number, place[row]


def _present(metrics, arrays, row, suffix=""):
    """List the metrics of a row."""
    return [
        name
        for name in metrics
        if f"{name}{suffix}" in arrays and not np.isnan(arrays[f"{name}{suffix}"][row]).all()
    ]


def describe_difference(difference, n_groups, n_runs):
    """Compute the interval and p-value of a difference.

    Parameters
    ----------
    difference : np.ndarray, shape=(1 + n_resamples,)
        The difference, then that of each resample.
    n_groups, n_runs : int
        Number of groups and runs that were resampled.

    Returns
    -------
    dict
        difference, low, high, p_value, highest_p (`mscol.metrics.intervals.paired_p_value`).
    """
    value, resampled = difference[0], difference[1:]
    low = high = p_value = highest = np.nan
    if n_groups >= FEWEST_GROUPS:
        low, high = percentile_interval(resampled, n_groups)
        if n_runs > 1:
            p_value, highest = paired_p_value(resampled, n_groups)
    return {"difference": value, "low": low, "high": high, "p_value": p_value, "highest_p": highest}


def _marks(table):
    """Mark the differences that are significant, also with other resamples of the same clips."""
    direction = np.where(table["difference"] > 0, "higher", "lower")
    return np.where(table["highest_p"].astype(float) < SIGNIFICANT, direction, "")
