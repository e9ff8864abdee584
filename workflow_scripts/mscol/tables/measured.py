"""Compute the metrics of all runs on one test list and on its resamples, with their means and intervals."""

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from mscol.metrics import classification, regression, tagging
from mscol.metrics.bootstrap import bootstrap_classification, bootstrap_tagging, macro_mean
from mscol.metrics.intervals import FEWEST_GROUPS, logit_interval, percentile_interval, share_interval
from mscol.metrics.regression import bootstrap_regression
from mscol.metrics.resampling import leave_one_out, pool_runs, resample_counts, run_weights
from mscol.metrics.shares import groups_with, shares

METRIC_TITLES = {
    "roc_auc": "ROC-AUC", "pr_auc": "PR-AUC", "accuracy": "accuracy", "macro_f1": "macro-F1", "recall": "recall",
    "precision": "precision", "f1": "F1", "mean_average_precision": "mAP", "recall_at_1": "recall at 1",
    "mean_normalised_rank": "mean normalised rank", "r2": "R²", "pearson_r": "Pearson's r", "mean_absolute_error": "MAE",
    "equal_error_rate": "equal error rate",
}  # fmt: skip
LOWER_IS_BETTER = ("mean_absolute_error", "mean_normalised_rank", "equal_error_rate")
_OF_NUMBERS = ("r2", "pearson_r", "mean_absolute_error")
METRICS = {
    "tagging": ("roc_auc", "pr_auc"),
    "classification": ("accuracy", "macro_f1"),
    "regression": _OF_NUMBERS,
}
LABEL_METRICS = {
    "tagging": ("roc_auc", "pr_auc"),
    "classification": ("recall", "precision", "f1"),
    "regression": _OF_NUMBERS,
}
# All runs and models of a test list use the same draws, so that their differences are paired.
CLIPS_SEED, _RUNS_SEED = 0, 1


@dataclass(frozen=True)
class Measured:
    """The metrics of all heads on one test list and on each resample of its groups of clips.

    Attributes
    ----------
    runs : list of tuple
        For each head, its encoder's seed and the number of the head.
    overall : dict of np.ndarray, shape=(n_heads, 1 + n_resamples)
        For each metric, the value, then those of the resamples.
    per_label : dict of np.ndarray, shape=(n_heads, 1 + n_resamples, n_labels)
        The same for each tag or class.
    n_groups : int
        Groups of clips.
    n_positive : np.ndarray, shape=(n_labels,), int
        Clips with the tag or class.
    n_label_groups : np.ndarray, shape=(n_labels,), int
        Groups with such a clip, or groups with a clip without the tag or class if these are fewer.
    left_out : np.ndarray, shape=(n_heads, n_groups)
        For tags: macro PR-AUC without each group.
    shares : dict of list of Shares
        For classes: the shares of each metric, one entry per head.
    confusion : np.ndarray or None, shape=(n_heads, n_labels, n_labels)
        For classes: clips by true and predicted class.
    """

    runs: list
    overall: dict
    per_label: dict
    n_groups: int
    n_positive: np.ndarray
    n_label_groups: np.ndarray
    left_out: np.ndarray | None = None
    shares: dict = field(default_factory=dict)
    confusion: np.ndarray | None = None

    @classmethod
    def of_queries(cls, runs, overall, n_groups, n_labels):
        """Return metrics of queries, which have no labels; ``overall`` has for each metric one (1 + n_resamples,) per run."""
        none = np.zeros(n_labels, int)
        overall = {metric: np.stack(values) for metric, values in overall.items()}
        return cls(runs, overall, {}, n_groups, none, none)

    def over_runs(self, values, heads=None):
        """Return the mean over runs of values of shape (n_heads, 1 + n_resamples, ...), of all heads or some.

        If there are several runs, each resample draws runs, too (`run_weights`).
        """
        pooled = self.pooled(values, heads)
        weights = run_weights(len(pooled), values.shape[1] - 1, np.random.default_rng(_RUNS_SEED))
        resampled = np.einsum("rs...,rs->s...", pooled[:, 1:], weights)
        return np.concatenate([pooled[:, :1].mean(axis=0), resampled])

    def pooled(self, values, heads=None):
        """Return one row per run (`pool_runs`), of all heads or some."""
        heads = range(len(self.runs)) if heads is None else heads
        return pool_runs(np.asarray(values)[list(heads)], [self.runs[head] for head in heads])

    def interval(self, metric, heads=None):
        """Return the interval of an overall metric; NaN if none can be given."""
        values = self.overall[metric]
        if metric in self.shares:
            return self._share_interval(metric, 0, values[..., None], heads)
        if metric == "pr_auc":
            scored = np.isfinite(self.per_label["pr_auc"][0, 0])
            if (self.n_label_groups[scored] >= FEWEST_GROUPS).sum() * 2 < scored.sum():
                return float("nan"), float("nan")
            pooled = self.pooled(values[:, 0], heads)
            left_out = self.pooled(self.left_out, heads).mean(axis=0)
            return logit_interval(pooled.mean(), left_out, _variance_of_mean(pooled))
        return _percentiles(self.over_runs(values, heads)[1:], self.n_groups)

    def label_intervals(self, metric):
        """Return the interval of each label, shape (n_labels, 2); NaN if none can be given."""
        values, n_groups = self.per_label[metric], self.n_label_groups
        if metric in self.shares:
            return np.array([self._share_interval(metric, n, values) for n in range(len(n_groups))])
        resampled = self.over_runs(values)[1:].T
        return np.array([_percentiles(drawn, n) for drawn, n in zip(resampled, n_groups, strict=True)])

    def _share_interval(self, metric, number, values, heads=None):
        pooled = self.pooled(values[:, 0, number], heads)
        of_heads = {
            name: self.pooled([getattr(head, name)[..., number] for head in self.shares[metric]], heads)
            for name in ("deviations", "n_clips", "n_groups")
        }
        between_groups = np.square(of_heads["deviations"].mean(axis=0)).sum()
        variance = between_groups + _variance_of_mean(pooled)
        return share_interval(
            pooled.mean(), variance, of_heads["n_clips"].mean(), of_heads["n_groups"].mean()
        )


class TestList(NamedTuple):
    """The contents of a table for one test list.

    Attributes
    ----------
    name : str
    n_test : int
        Number of clips that were scored, or of queries.
    asked : list of str
        Clips and their groups. Two models can be compared only if these are equal.
    measured : Measured
    chance : dict of str to float
        Chance levels of metrics; empty if `mscol.tables.summary` computes them.
    n_left_out : int, optional
        For retrieval, clips that share no label with another clip and are not queries.
    """

    __test__ = False  # pytest would take the name for a test case

    name: str
    n_test: int
    asked: list
    measured: Measured
    chance: dict
    n_left_out: int | None = None


def measure(task, scores, labels, groups, runs, n_resamples):
    """Compute the metrics of heads on the clips of one test list.

    Parameters
    ----------
    task : str
    scores : np.ndarray, shape=(n_heads, n_clips, n_labels)
    labels : np.ndarray, shape=(n_clips, n_tags) or (n_clips,)
    groups : np.ndarray of str, shape=(n_clips,)
    runs : list of tuple
        For each head, its encoder's seed and the number of the head.
    n_resamples : int

    Returns
    -------
    Measured
    """
    names, groups = np.unique(groups, return_inverse=True)
    counts = resample_counts(len(names), n_resamples, np.random.default_rng(CLIPS_SEED))
    about = {"runs": runs, "n_groups": len(names)}
    if task == "regression":
        about |= {"n_positive": np.array([len(labels)]), "n_label_groups": np.array([len(names)])}
    else:
        has_label = labels.astype(bool) if task == "tagging" else np.eye(scores.shape[2], dtype=bool)[labels]
        without = groups_with(~has_label, groups)
        about |= {
            "n_positive": has_label.sum(axis=0),
            "n_label_groups": np.minimum(groups_with(has_label, groups), without),
        }
    measures = {"tagging": _measure_tags, "classification": _measure_classes, "regression": _measure_numbers}
    return measures[task](scores, labels, groups, counts, about)


def _measure_tags(scores, labels, groups, counts, about):
    points = [tagging(head[:, None], labels) for head in scores]
    resampled = [bootstrap_tagging(head, labels, counts, groups) for head in scores]
    per_label = {
        metric: np.stack(
            [
                np.vstack([getattr(point, f"{metric}_per_tag"), drawn[place]])
                for point, drawn in zip(points, resampled, strict=True)
            ]
        )
        for place, metric in enumerate(LABEL_METRICS["tagging"])
    }
    without = leave_one_out(counts.shape[1])
    left_out = [macro_mean(bootstrap_tagging(head, labels, without, groups)[1]) for head in scores]
    overall = {metric: macro_mean(values) for metric, values in per_label.items()}
    return Measured(overall=overall, per_label=per_label, left_out=np.stack(left_out), **about)


def _measure_classes(scores, labels, groups, counts, about):
    points = [classification(head[:, None], labels) for head in scores]
    resampled = [bootstrap_classification(head, labels, counts, groups) for head in scores]
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
    return Measured(
        overall=overall,
        per_label=per_label,
        shares=_shares_of_classes(scores, labels, groups),
        confusion=np.stack([point.confusion for point in points]),
        **about,
    )


def _measure_numbers(scores, labels, groups, counts, about):
    points = [regression(head[:, None], labels) for head in scores]
    resampled = [bootstrap_regression(head, labels, counts, groups) for head in scores]
    overall = {
        metric: np.stack(
            [
                np.append(getattr(point, metric), drawn[metric])
                for point, drawn in zip(points, resampled, strict=True)
            ]
        )
        for metric in METRICS["regression"]
    }
    per_label = {metric: values[..., None] for metric, values in overall.items()}
    return Measured(overall=overall, per_label=per_label, **about)


def _shares_of_classes(scores, labels, groups):
    """Compute accuracy, recall and precision of each head as shares of clips."""
    found = {"accuracy": [], "recall": [], "precision": []}
    one_hot = np.eye(scores.shape[2], dtype=bool)
    for head in scores:
        predicted = head.argmax(axis=1)
        is_right = (predicted == labels)[:, None]
        found["accuracy"].append(shares(is_right, np.ones_like(is_right), groups))
        hits = one_hot[labels] & is_right
        found["recall"].append(shares(hits, one_hot[labels], groups))
        found["precision"].append(shares(hits, one_hot[predicted], groups))
    return found


def _percentiles(resampled, n_groups):
    """Return the percentile interval; NaN for few groups, or if all resamples are equal (an interval of width 0)."""
    low, high = percentile_interval(resampled, n_groups)
    # Means of equal runs may differ by rounding.
    return (low, high) if n_groups >= FEWEST_GROUPS and high - low > 1e-9 else (np.nan, np.nan)


def _variance_of_mean(runs):
    """Return the variance of the mean of runs, from the variance between them; 0 for a single run."""
    return runs.var(ddof=1) / len(runs) if len(runs) > 1 else 0.0
