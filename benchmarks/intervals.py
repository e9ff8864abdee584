"""Measure the coverage of the 95 % intervals in the results tables, and how often they show a difference that does not exist.

Draws many test sets from simulated populations with known metrics, evaluates them as the tables do (`mscol.tables.measured`), and
counts. There are ten tags, each on 3 to 30 % of the clips, and ten classes, the most frequent three times as frequent as the rarest.
Scores are normal, with a mean 1.5 higher for true labels. In groups (songs, instruments), the clips share a part of the variance of
their scores, and all clips of a group have the same class. For comparison, percentiles of resampled clips are given, too.

Run it from the root of the repository, one part or all (about fifteen minutes of CPU):

    PYTHONPATH=workflow_scripts python benchmarks/intervals.py [clips] [groups] [runs] [labels] [differences] [seeds]
"""

import sys

import numpy as np
from scipy.stats import norm

from mscol.metrics.bootstrap import bootstrap_classification, bootstrap_tagging, macro_mean
from mscol.metrics.intervals import FEWEST_GROUPS, paired_p_value
from mscol.metrics.resampling import resample_counts
from mscol.tables.measured import measure

N_LABELS, SHIFT, N_RESAMPLES, POPULATION = 10, 1.5, 300, 300_000
TAG_SHARES = np.geomspace(0.03, 0.3, N_LABELS)
CLASS_SHARES = np.geomspace(1, 3, N_LABELS) / np.geomspace(1, 3, N_LABELS).sum()
METRICS = {"ROC-AUC": "roc_auc", "PR-AUC": "pr_auc", "accuracy": "accuracy", "macro-F1": "macro_f1"}


def main(parts):
    for part in parts or PARTS:
        print(f"\n{part}: {PARTS[part].__doc__}\n", flush=True)
        PARTS[part](np.random.default_rng(0))


def of_clips(random):
    """share of test sets whose interval contains the true value, for independent clips. In brackets: percentiles"""
    truth = population(random)
    table = Table("test clips", *METRICS)
    for n_clips, n_sets in ((32, 400), (100, 400), (200, 400), (800, 400), (3000, 60)):
        held = [covers(truth, draw_clips(n_clips, random), random) for _ in range(n_sets)]
        table.add(f"{n_clips:,}", held)


def of_groups(random):
    """the same for clips in groups, by the share of variance that the clips of a group have in common"""
    table = Table("clips in groups, shared", *METRICS)
    truth = population(random)
    for n_groups, common in ((53, 0.05), (53, 0.2), (53, 0.4), (200, 0.2)):
        clips = (draw_clips(1000, random, n_groups, common) for _ in range(100))
        table.add(f"1,000 in {n_groups}, {common}", [covers(truth, one, random) for one in clips])


def of_runs(random):
    """share of test sets whose interval contains the true mean over runs, which vary with a standard deviation of 0.03"""
    table = Table("runs, of 400 clips", "accuracy", "accuracy, resampling clips alone")
    for n_runs in (1, 2, 3, 5):
        held = []
        for _ in range(400):
            truth = 0.7 + 0.03 * random.normal(size=n_runs)
            labels = np.arange(400) % 2
            right = random.random((n_runs, 400)) < truth[:, None]
            scores = np.eye(2)[np.where(right, labels, 1 - labels)]
            runs = [(1, head) for head in range(n_runs)]
            measured = measure("classification", scores, labels, np.arange(400), runs, N_RESAMPLES)
            low, high = measured.interval("accuracy")
            drawn = measured.overall["accuracy"].mean(axis=0)[1:]
            held.append([low <= 0.7 <= high, _holds(0.7, np.quantile(drawn, [0.025, 0.975]))])
        table.add(str(n_runs), held)


def of_labels(random):
    """share of intervals of one tag that contain the true value, by its number of positive clips"""
    table = Table("positives, of clips", "ROC-AUC", "percentiles", "PR-AUC", "percentiles")
    roc_auc = norm.cdf(SHIFT / np.sqrt(2))
    for n_clips in (32, 200, 800):
        for n_positive in (5, 10, 30):
            if n_positive > n_clips / 2:
                continue
            pr_auc = true_precision(n_positive / n_clips)
            held = []
            for _ in range(400):
                labels = (np.arange(n_clips) < n_positive)[:, None].astype(int)
                scores = random.normal(size=(n_clips, 1)) + SHIFT * labels
                groups = np.arange(n_clips)
                measured = measure("tagging", scores[None], labels, groups, [(1, 1)], N_RESAMPLES)
                row = []
                for metric, truth in (("roc_auc", roc_auc), ("pr_auc", pr_auc)):
                    drawn = measured.per_label[metric][0, 1:, 0]
                    plain = np.nanquantile(drawn, [0.025, 0.975])
                    row += [_holds(truth, measured.label_intervals(metric)[0]), _holds(truth, plain)]
                held.append(row)
            table.add(f"{n_positive} of {n_clips}", held)


def of_differences(random):
    """share of pairs of equal models that are marked as different (p < 0.05) on a tag, and the same by percentiles"""
    table = Table("positives, of clips", "ROC-AUC", "percentiles", "PR-AUC", "percentiles")
    for n_clips, n_positives in ((32, (1, 2, 5, 10)), (200, (5, 10, 30)), (800, (5, 30))):
        for n_positive in n_positives:
            marked = []
            for _ in range(400):
                labels = (np.arange(n_clips) < n_positive)[:, None].astype(int)
                alike = random.normal(size=(n_clips, 1)) + SHIFT * np.sqrt(2) * labels
                one, other = (
                    bootstrap_tagging(
                        alike + random.normal(size=(n_clips, 1)),
                        labels,
                        resample_counts(n_clips, N_RESAMPLES, np.random.default_rng(len(marked))),
                    )
                    for _ in range(2)
                )
                row = []
                for ours, theirs in zip(one, other, strict=True):
                    difference = (ours - theirs)[:, 0]
                    few = n_positive < FEWEST_GROUPS
                    p_value = 1 if few else paired_p_value(difference, n_positive)[0]
                    row += [p_value < 0.05, paired_p_value(difference, 10**6)[0] < 0.05]
                marked.append(row)
            table.add(f"{n_positive} of {n_clips}", marked)


def of_seeds(random):
    """share of resampling seeds that mark a difference with p = 0.048"""
    table = Table("resamples", "p < 0.05", "and whatever the resamples", "standard deviation of p")
    better = np.repeat([1.0, -1.0, 0.0], [60, 40, 300]) - 0.0012  # p is about 0.048
    for n_resamples in (1000, 10_000):
        found = []
        for _ in range(200 if n_resamples == 1000 else 50):
            drawn = resample_counts(400, n_resamples, random) @ better / 400
            found.append(paired_p_value(drawn, 400))
        p_value, highest = np.array(found).T
        cells = [(p_value < 0.05).mean(), (highest < 0.05).mean(), p_value.std()]
        table.add(f"{n_resamples:,} (p = {np.median(p_value):.3f})", [cells], digits=4)


PARTS = {
    "clips": of_clips, "groups": of_groups, "runs": of_runs, "labels": of_labels, "differences": of_differences, "seeds": of_seeds,
}  # fmt: skip


class Table:
    """A Markdown table, printed row by row."""

    def __init__(self, *titles):
        print("| " + " | ".join(titles) + " |\n|---:|" + "---:|" * (len(titles) - 1))

    def add(self, name, rows, digits=2):
        """Print the means of rows, ignoring NaN; for pairs, the second mean is in brackets."""
        means = np.nanmean(np.array(rows, float), axis=0)
        cells = [
            f"{row[0]:.{digits}f} ({row[1]:.{digits}f})" if np.ndim(row) else f"{row:.{digits}f}"
            for row in means
        ]
        print(f"| {name} | " + " | ".join(cells) + " |", flush=True)


def draw_clips(n_clips, random, n_groups=None, common=0.0):
    """Draw scores and labels of tags and of classes, and the groups of clips; all clips of a group have the same labels."""
    groups = np.arange(n_clips) if n_groups is None else random.integers(n_groups, size=n_clips)
    n_groups = groups.max() + 1
    tags = (random.random((n_groups, N_LABELS)) < TAG_SHARES).astype(int)[groups]
    classes = random.choice(N_LABELS, size=n_groups, p=CLASS_SHARES)[groups]
    of_groups = np.sqrt(common) * random.normal(size=(2, n_groups, N_LABELS))[:, groups]
    tag_scores, class_scores = of_groups + np.sqrt(1 - common) * random.normal(size=(2, n_clips, N_LABELS))
    class_scores[np.arange(n_clips), classes] += SHIFT
    return tag_scores + SHIFT * tags, tags, class_scores, classes, groups


def population(random):
    """Return the true values: ROC-AUC and PR-AUC of each tag, accuracy, and F1 of each class."""
    *_, class_scores, classes, _ = draw_clips(POPULATION, random)
    drawn = bootstrap_classification(class_scores, classes, np.ones((1, POPULATION), np.uint8))
    roc_auc = np.full(N_LABELS, norm.cdf(SHIFT / np.sqrt(2)))
    return roc_auc, np.array([true_precision(share) for share in TAG_SHARES]), drawn.accuracy, drawn.f1[0]


def true_precision(share):
    """Return the average precision for infinitely many clips."""
    at = np.linspace(-9, 12, 200_001)
    found, passed = share * norm.sf(at - SHIFT), (1 - share) * norm.sf(at)
    return np.trapezoid(norm.pdf(at - SHIFT) * found / (found + passed), at)


def covers(truth, clips, random):
    """Return for each metric whether its interval contains the true value, and whether percentiles of resampled clips do."""
    tag_scores, tags, class_scores, classes, groups = clips
    counts = resample_counts(len(groups), N_RESAMPLES, random)
    plain = [macro_mean(areas) for areas in bootstrap_tagging(tag_scores, tags, counts)]
    drawn = bootstrap_classification(class_scores, classes, counts)
    plain += [drawn.accuracy, drawn.macro_f1]
    of_tags = measure("tagging", tag_scores[None], tags, groups, [(1, 1)], N_RESAMPLES)
    of_classes = measure("classification", class_scores[None], classes, groups, [(1, 1)], N_RESAMPLES)
    is_there = [np.isfinite(of_tags.per_label["roc_auc"][0, 0])] * 2
    is_there += [np.ones(1, bool), np.isfinite(of_classes.per_label["f1"][0, 0])]
    held = []
    for number, metric in enumerate(METRICS.values()):
        true = truth[number][is_there[number]].mean()
        ours = (of_tags if number < 2 else of_classes).interval(metric)
        held.append([_holds(true, ours), _holds(true, np.quantile(plain[number], [0.025, 0.975]))])
    return held


def _holds(truth, bounds):
    """Return whether an interval contains the true value; NaN without an interval."""
    return np.nan if np.isnan(bounds).any() else float(bounds[0] <= truth <= bounds[1])


if __name__ == "__main__":
    main(sys.argv[1:])
