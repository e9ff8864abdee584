"""The results of one model on one dataset: a row a seed and a row ``mean``, a table of tags or classes, and the resamples."""

import hashlib
import logging
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd

from mscol.errors import CacheError
from mscol.io.atomic import atomic_path
from mscol.io.files import read_json, write_csv
from mscol.metrics import MetricError, classification, tagging
from mscol.metrics.bootstrap import (
    bootstrap_classification,
    bootstrap_tagging,
    interval,
    macro_mean,
    resample_counts,
)
from mscol.metrics.points import aggregate_rows

METRIC_TITLES = {
    "roc_auc": "ROC-AUC", "pr_auc": "PR-AUC", "accuracy": "accuracy", "macro_f1": "macro-F1", "recall": "recall",
    "precision": "precision", "f1": "F1",
}  # fmt: skip
METRICS = {"tagging": ("roc_auc", "pr_auc"), "classification": ("accuracy", "macro_f1")}
LABEL_METRICS = {"tagging": ("roc_auc", "pr_auc"), "classification": ("recall", "precision", "f1")}
AGGREGATION = {"tagging": "mean", "classification": "sum"}  # of windows (METHOD, "Downstream")
GROUP = ["protocol", "test_list", "label_fraction"]  # what rows of one table may differ in
DECIMALS = 6  # so that pages, which show three, hardly ever round twice
# The same resamples for every seed and model of a test list: differences between them are then paired.
_RESAMPLING_SEED = 0


class Evaluation(NamedTuple):
    """How heads were trained, and what they say of the test clips.

    Attributes
    ----------
    protocol : str
    label_fraction : float
        Share of the training clips whose labels were used.
    scores : list of (str or os.PathLike)
        What `mscol.probes` wrote, a file a seed.
    """

    protocol: str
    label_fraction: float
    scores: list


@dataclass(frozen=True)
class TestScores:
    """What a head says of the test clips.

    Attributes
    ----------
    ids : np.ndarray of str, shape=(n_clips,)
    scores : np.ndarray, shape=(n_clips, n_labels)
        Aggregated over windows.
    labels : np.ndarray, shape=(n_clips, n_tags) or (n_clips,)
    cleaned : np.ndarray of bool, shape=(n_clips,)
    """

    __test__ = False  # no test case, whatever pytest thinks of the name

    ids: np.ndarray
    scores: np.ndarray
    labels: np.ndarray
    cleaned: np.ndarray


@dataclass(frozen=True)
class Measured:
    """The metrics of all seeds on one test list, beside those of each resample of its clips.

    Attributes
    ----------
    overall : dict of np.ndarray, shape=(n_seeds, 1 + n_resamples)
        For each metric: the value, then those of the resamples.
    per_label : dict of np.ndarray, shape=(n_seeds, 1 + n_resamples, n_labels)
        Likewise, for each tag or class.
    n_positive : np.ndarray, shape=(n_labels,), int
        Clips that have the tag or class.
    confusion : np.ndarray or None, shape=(n_seeds, n_labels, n_labels)
        Of classifications: clips by true and predicted class.
    """

    overall: dict
    per_label: dict
    n_positive: np.ndarray
    confusion: np.ndarray | None = None


def write_results_table(evaluations, seeds, about, n_resamples, table, per_class, bootstrap):
    """Measure one model on one dataset, and write its results.

    Parameters
    ----------
    evaluations : list of Evaluation
        Each with a file of scores a seed, in the order of ``seeds``.
    seeds : list of int
    about : str or os.PathLike
        about.json of the dataset: task and labels.
    n_resamples : int
        Of the bootstrap that gives the intervals.
    table : str or os.PathLike
        Written: columns protocol, test_list, label_fraction, seed, n_test, then each metric with ``_low``
        and ``_high``; a row a seed, and one with the seed ``mean``.
    per_class : str or os.PathLike
        Written: columns protocol, test_list, label_fraction, label, n_positive, and each metric of the tag or
        class with ``_low`` and ``_high``, mean over seeds; for classes also how many clips were called which
        (``as_flute``), mean over seeds.
    bootstrap : str or os.PathLike
        Written: `save_resamples`.

    Raises
    ------
    CacheError
        If a file of scores is damaged, or the seeds were not scored on the same clips.
    """
    about = read_json(about)
    task, labels = about["task"], about["labels"]
    rows, classes, groups = [], [], []
    first = None
    for evaluation in evaluations:
        tested = [read_scores(path, AGGREGATION[task]) for path in evaluation.scores]
        first = first or (evaluation.scores[0], tested[0])
        _check_same_clips(first, evaluation.scores, tested)
        for test_list, chosen in list_tests(tested[0], task).items():
            counts = resample_counts(chosen.sum(), n_resamples, np.random.default_rng(_RESAMPLING_SEED))
            measured = _MEASURES[task]([(one.scores[chosen], one.labels[chosen]) for one in tested], counts)
            group = dict(zip(GROUP, (evaluation.protocol, test_list, evaluation.label_fraction), strict=True))
            n_test = int(chosen.sum())
            rows += [group | {"seed": seed, "n_test": n_test} | row for seed, row in _rows(measured, seeds)]
            classes.append(_per_class(measured, labels).assign(**group))
            groups.append(
                group | {"n_test": n_test, "clips": _digest(tested[0].ids[chosen]), "measured": measured}
            )
            _say_left_out(classes[-1], test_list)
    write_csv(rounded(pd.DataFrame(rows)), table)
    per_class_table = pd.concat(classes)
    columns = GROUP + [column for column in per_class_table if column not in GROUP]
    write_csv(rounded(per_class_table[columns]), per_class)
    save_resamples(bootstrap, groups, labels)


def rounded(table):
    """Round a table's metrics; a share of labels is part of a row's name and stays exact."""
    return table.round(dict.fromkeys(set(table) - {"label_fraction"}, DECIMALS))


def save_resamples(path, groups, labels):
    """Write the metrics of each resample, mean over seeds, as ``.npz`` without pickles.

    Any two models of a dataset can be compared from these files: resamples of equal number hold the same
    clips.

    Parameters
    ----------
    path : str or os.PathLike
    groups : list of dict
        What each row is of: `GROUP`, n_test, clips (a digest of their ids), measured.
    labels : list of str

    Notes
    -----
    Arrays, with G groups, B resamples and L labels: those of the groups' keys, shape (G,); ``labels``, (L,);
    each overall metric, (G, 1 + B), the first column the value itself; each metric of labels,
    ``{metric}_per_label``, (G, 1 + B, L).
    """
    measured = [group["measured"] for group in groups]
    arrays = {key: np.array([group[key] for group in groups]) for key in (*GROUP, "n_test", "clips")}
    for metric in measured[0].overall:
        arrays[metric] = np.stack([one.overall[metric].mean(axis=0) for one in measured])
    for metric in measured[0].per_label:
        values = np.stack([one.per_label[metric].mean(axis=0) for one in measured])
        arrays[f"{metric}_per_label"] = values.astype(np.float32)
    with atomic_path(path) as partial:
        np.savez_compressed(partial, labels=np.array(labels, np.str_), **arrays)


def read_scores(path, how):
    """Read a head's scores, and aggregate them over each clip's windows.

    Parameters
    ----------
    path : str or os.PathLike
        ``.npz`` as `mscol.probes.labels.save_scores` writes it.
    how : str
        ``mean`` or ``sum``.

    Returns
    -------
    TestScores

    Raises
    ------
    CacheError
        If the file is damaged.
    """
    try:
        with np.load(path, allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
        scores = aggregate_rows(arrays["window_scores"], arrays["n_windows"], how)
        return TestScores(arrays["ids"], scores, arrays["labels"], arrays["cleaned"].astype(bool))
    except MetricError as error:
        raise MetricError(f"{path}: {error}") from error
    except Exception as error:  # NumPy and zipfile raise whatever a damaged archive leads them to
        raise CacheError(f"{path}: damaged ({error}); delete it, and it is made again") from error


def list_tests(tested, task):
    """Say which clips each test list holds.

    A tagging dataset with test clips outside the cleaned list has two: ``filtered`` (the cleaned ones)
    and ``unfiltered`` (all, those without a tag carrying an all-zero label). Others have ``all``.

    Returns
    -------
    dict of str to np.ndarray of bool, shape=(n_clips,)
    """
    everything = np.ones(len(tested.ids), bool)
    if task != "tagging" or tested.cleaned.all():
        return {"all": everything}
    lists = {"filtered": tested.cleaned, "unfiltered": everything}
    return {name: chosen for name, chosen in lists.items() if chosen.any()}


def _measure_tags(seeds, counts):
    """Measure tags: a list of clips' (scores, labels), one a seed, and counts of resamples."""
    points = [tagging(scores[:, None], labels) for scores, labels in seeds]
    resampled = [bootstrap_tagging(scores, labels, counts) for scores, labels in seeds]
    per_label = {
        metric: np.stack(
            [
                np.vstack([getattr(point, f"{metric}_per_tag"), values[place]])
                for point, values in zip(points, resampled, strict=True)
            ]
        )
        for place, metric in enumerate(LABEL_METRICS["tagging"])
    }
    overall = {metric: macro_mean(values) for metric, values in per_label.items()}
    return Measured(overall, per_label, points[0].n_positive_per_tag)


def _measure_classes(seeds, counts):
    """Measure classes, as `_measure_tags` tags."""
    points = [classification(scores[:, None], labels) for scores, labels in seeds]
    resampled = [bootstrap_classification(scores, labels, counts) for scores, labels in seeds]
    pairs = list(zip(points, resampled, strict=True))
    overall = {
        metric: np.stack(
            [np.append(getattr(point, metric), getattr(drawn, metric)) for point, drawn in pairs]
        )
        for metric in METRICS["classification"]
    }
    per_label = {
        metric: np.stack(
            [
                np.vstack([getattr(point, f"{metric}_per_class"), getattr(drawn, metric)])
                for point, drawn in pairs
            ]
        )
        for metric in LABEL_METRICS["classification"]
    }
    confusion = np.stack([point.confusion for point in points])
    return Measured(overall, per_label, confusion[0].sum(axis=1), confusion)


_MEASURES = {"tagging": _measure_tags, "classification": _measure_classes}


def _rows(measured, seeds):
    """Yield a row of metrics for each seed, and one for ``mean``: the mean of each resample over the seeds."""
    n_seeds = len(seeds)
    for name, chosen in [*zip(seeds, range(n_seeds), strict=True), ("mean", slice(None))]:
        row = {}
        for metric, values in measured.overall.items():
            over_seeds = values[chosen].reshape(-1, values.shape[1]).mean(axis=0)
            row |= _with_interval(metric, over_seeds[0], interval(over_seeds[1:]))
        yield name, row


def _per_class(measured, labels):
    table = {"label": labels, "n_positive": measured.n_positive}
    for metric, values in measured.per_label.items():
        over_seeds = values.mean(axis=0)
        bounds = np.array([interval(resampled) for resampled in over_seeds[1:].T])
        table |= _with_interval(metric, over_seeds[0], bounds.T)
    if measured.confusion is not None:
        called = measured.confusion.mean(axis=0)
        table |= {f"as_{label}": called[:, number] for number, label in enumerate(labels)}
    return pd.DataFrame(table)


def _with_interval(metric, value, bounds):
    low, high = bounds
    return {metric: value, f"{metric}_low": low, f"{metric}_high": high}


def _check_same_clips(first, paths, tested):
    for path, other in zip(paths, tested, strict=True):
        if not np.array_equal(other.ids, first[1].ids):
            raise CacheError(
                f"{path}: not the test clips of {first[0]}; delete both, and they are made again"
            )


def _digest(ids):
    return hashlib.sha256("\0".join(ids).encode()).hexdigest()[:16]


def _say_left_out(per_class, test_list):
    values = [name for names in LABEL_METRICS.values() for name in names if name in per_class]
    unscored = per_class.loc[per_class[values].isna().any(axis=1), "label"]
    if len(unscored):
        logging.warning(
            "%s: %d of %d labels cannot be scored on these clips and are left out of the macro means: %s.",
            test_list, len(unscored), len(per_class), ", ".join(unscored),
        )  # fmt: skip
