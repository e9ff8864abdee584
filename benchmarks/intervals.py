"""How often do the 95 % intervals of the results tables cover the truth?

Draws many test sets from a made-up population whose metrics are known, and counts how often the percentile
bootstrap's interval holds the population's value. Ten tags, had by 3 to 30 % of the clips, and ten classes, the
most frequent three times as frequent as the rarest; scores are normal, those of what is true 1.5 higher.

From the repository's root (some minutes):

    PYTHONPATH=workflow_scripts python benchmarks/intervals.py
"""

import numpy as np

from mscol.metrics import classification, tagging
from mscol.metrics.bootstrap import (
    bootstrap_classification,
    bootstrap_tagging,
    interval,
    macro_mean,
    resample_counts,
)

N_LABELS, SHIFT, N_RESAMPLES, POPULATION = 10, 1.5, 300, 200_000
TAG_SHARES = np.geomspace(0.03, 0.3, N_LABELS)
CLASS_SHARES = np.geomspace(1, 3, N_LABELS) / np.geomspace(1, 3, N_LABELS).sum()
METRICS = ("ROC-AUC", "PR-AUC", "accuracy", "macro-F1")
N_SETS = 400
N_CLIPS = (32, 200, 800, 3000)


def main():
    random = np.random.default_rng(0)
    truth = measure(*draw_clips(POPULATION, random))
    print("| test clips | " + " | ".join(METRICS) + " |\n|---:|" + "---:|" * len(METRICS))
    for n_clips in N_CLIPS:
        shares = np.mean([list(covers(truth, n_clips, random)) for _ in range(N_SETS)], axis=0)
        cells = " | ".join(f"{share:.2f}" for share in shares)
        print(f"| {n_clips} | {cells} |", flush=True)


def draw_clips(n_clips, random):
    """Draw scores and labels of tags, and of classes."""
    tags = (random.random((n_clips, N_LABELS)) < TAG_SHARES).astype(int)
    classes = random.choice(N_LABELS, size=n_clips, p=CLASS_SHARES)
    tag_scores, class_scores = random.normal(size=(2, n_clips, N_LABELS))
    class_scores[np.arange(n_clips), classes] += SHIFT
    return tag_scores + SHIFT * tags, tags, class_scores, classes


def measure(tag_scores, tags, class_scores, classes):
    """Measure clips of one window each, label by label; accuracy is one value."""
    tagged, classified = tagging(tag_scores[:, None], tags), classification(class_scores[:, None], classes)
    return tagged.roc_auc_per_tag, tagged.pr_auc_per_tag, classified.accuracy, classified.f1_per_class


def covers(truth, n_clips, random):
    """Draw a test set; say for each metric whether its interval holds the truth of the labels that can be scored."""
    tag_scores, tags, class_scores, classes = clips = draw_clips(n_clips, random)
    counts = resample_counts(n_clips, N_RESAMPLES, random)
    drawn = bootstrap_classification(class_scores, classes, counts)
    resampled = [macro_mean(areas) for areas in bootstrap_tagging(tag_scores, tags, counts)]
    resampled += [drawn.accuracy, drawn.macro_f1]
    for true, here, values in zip(truth, measure(*clips), resampled, strict=True):
        low, high = interval(values)
        yield low <= np.mean(np.asarray(true)[~np.isnan(here)]) <= high


if __name__ == "__main__":
    main()
