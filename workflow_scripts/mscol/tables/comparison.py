"""Comparisons: each model against one reference model, on the same resamples of the same clips."""

import logging

import numpy as np
import pandas as pd

from mscol.errors import CacheError
from mscol.io.files import write_csv
from mscol.metrics.bootstrap import holm, interval, paired_p_value
from mscol.tables.results import DECIMALS, GROUP, LABEL_METRICS, METRICS

COLUMNS = ["dataset", "model", "reference", *GROUP, "metric"]
NUMBERS = ["difference", "low", "high", "p_value"]
# p-values are kept finer: rounded to 0.05 one could not be told from the limit.
ROUNDING = dict.fromkeys(NUMBERS[:3], DECIMALS) | {"p_value": 8, "p_holm": 8}


def compare_models(bootstraps, reference, overall, per_label):
    """Compare each model with the reference model, by a paired bootstrap over the test clips.

    Parameters
    ----------
    bootstraps : dict
        For each (dataset, model): the path of what `save_resamples` wrote.
    reference : str
        The model that all others are compared with; a dataset without it gets no comparison.
    overall : str or os.PathLike
        Written: columns dataset, model, reference, protocol, test_list, label_fraction, metric, difference
        (model minus reference), its interval (low, high), p_value, and p_holm: corrected for the number of
        models that are compared on this metric.
    per_label : str or os.PathLike
        Written: the same for each tag or class (label), without a correction.

    Raises
    ------
    CacheError
        If a file is damaged.
    """
    rows, label_rows = [], []
    for (dataset, model), path in bootstraps.items():
        if model == reference or (dataset, reference) not in bootstraps:
            continue
        ours, theirs = _read(path), _read(bootstraps[dataset, reference])
        for one, other in _common_groups(ours, theirs):
            named = {"dataset": dataset, "model": model, "reference": reference}
            named |= {key: ours[key][one] for key in GROUP}
            for metric in _present(METRICS, ours):
                difference = ours[metric][one] - theirs[metric][other]
                rows.append(named | {"metric": metric} | _about(difference))
            for metric in _present(LABEL_METRICS, ours, "_per_label"):
                differences = ours[f"{metric}_per_label"][one] - theirs[f"{metric}_per_label"][other]
                label_rows += [
                    named | {"metric": metric, "label": label} | _about(difference)
                    for label, difference in zip(ours["labels"], differences.T, strict=True)
                ]
    table = pd.DataFrame(rows, columns=COLUMNS + NUMBERS)
    tests = table.groupby(["dataset", *GROUP, "metric"], sort=False)["p_value"]
    table["p_holm"] = tests.transform(holm) if len(table) else []
    write_csv(table.round(ROUNDING), overall)
    write_csv(pd.DataFrame(label_rows, columns=[*COLUMNS, "label", *NUMBERS]).round(ROUNDING), per_label)
    logging.info(
        "Compared models with %s in %d metrics, of which %d differ (p < 0.05 after Holm's correction).",
        reference, len(table), (table["p_holm"] < 0.05).sum(),
    )  # fmt: skip


def _read(path):
    try:
        with np.load(path, allow_pickle=False) as file:
            return {name: file[name] for name in file.files}
    except Exception as error:  # NumPy and zipfile raise whatever a damaged archive leads them to
        raise CacheError(f"{path}: damaged ({error}); delete it, and it is made again") from error


def _common_groups(ours, theirs):
    """Pair the rows that are of one protocol, test list and share of labels, on the very same clips."""
    keys = [*GROUP, "clips"]
    place = {
        row: number for number, row in enumerate(zip(*(theirs[key].tolist() for key in keys), strict=True))
    }
    for number, row in enumerate(zip(*(ours[key].tolist() for key in keys), strict=True)):
        if row in place:
            yield number, place[row]


def _present(metrics, arrays, suffix=""):
    return next(names for names in metrics.values() if f"{names[0]}{suffix}" in arrays)


def _about(difference):
    """Describe a difference: its value, then those of the resamples."""
    low, high = interval(difference[1:])
    return {
        "difference": difference[0], "low": low, "high": high, "p_value": paired_p_value(difference[1:]),
    }  # fmt: skip
