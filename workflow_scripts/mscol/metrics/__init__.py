"""Metrics: how well clips are tagged or classified, or numbers told, and how sure of that one can be.

Conventions: scores of a clip's windows are aggregated before anything is measured, tag probabilities
by their mean and class logits by their sum (METHOD, "Downstream"). `points` computes the metrics with
scikit-learn, `regression` those of numbers, `chance` what they are without having listened; `resampling` says what is drawn again, `bootstrap` how metrics then
vary, `shares` how shares of clips do, and `intervals` what may be said of that.

A tag without a positive or without a negative among the test clips cannot be scored: it is NaN, and
left out of the macro mean. A class that no test clip has is treated likewise.
"""

from mscol.metrics.points import (
    ClassificationResult,
    MetricError,
    TaggingResult,
    aggregate_windows,
    classification,
    tagging,
)
from mscol.metrics.regression import RegressionResult, regression

__all__ = [
    "ClassificationResult",
    "MetricError",
    "RegressionResult",
    "TaggingResult",
    "aggregate_windows",
    "classification",
    "regression",
    "tagging",
]
