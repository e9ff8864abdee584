"""Compute metrics of tagging, classification and regression, with confidence intervals and p-values.

The scores of a clip's windows are aggregated first: tag probabilities by their mean, class logits by their sum (METHOD,
"Downstream"). `points` computes the metrics of tags and classes with scikit-learn, `regression` those of numbers, and
`chance` chance levels. `resampling` draws groups of clips and runs, `bootstrap` computes the metrics of each resample,
`shares` the variance of shares of clips, and `intervals` confidence intervals and p-values.

A tag without a positive or without a negative among the test clips cannot be scored: it is NaN and left out of the macro
mean. The same holds for a class without test clips.
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
