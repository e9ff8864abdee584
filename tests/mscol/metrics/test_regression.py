import numpy as np
import pytest
from scipy.stats import pearsonr
from sklearn.metrics import mean_absolute_error, r2_score

from mscol.metrics import MetricError, regression
from mscol.metrics.regression import bootstrap_regression
from mscol.metrics.resampling import resample_counts


def test_resampled_metrics_are_those_of_the_drawn_clips():
    generator = np.random.default_rng(0)
    truth = 1e4 + generator.normal(size=60)  # far from 0: variances must not drown in rounding
    told = truth + generator.normal(size=60)
    groups = np.arange(60) // 3
    counts = resample_counts(20, 30, generator)
    drawn = bootstrap_regression(told[:, None], truth, counts, groups)
    for number, row in enumerate(counts):
        clips = np.repeat(np.arange(60), row[groups])
        assert drawn["r2"][number] == pytest.approx(r2_score(truth[clips], told[clips]))
        assert drawn["pearson_r"][number] == pytest.approx(pearsonr(truth[clips], told[clips])[0])
        expected = mean_absolute_error(truth[clips], told[clips])
        assert drawn["mean_absolute_error"][number] == pytest.approx(expected)


def test_windows_are_averaged_and_what_does_not_vary_has_no_r2():
    result = regression([[[1.0], [3.0]], [[4.0]]], [2.0, 4.0])
    assert (result.r2, result.mean_absolute_error) == (1, 0)
    same = regression([[[1.0]], [[2.0]]], [3.0, 3.0])
    assert np.isnan(same.r2) and np.isnan(same.pearson_r) and same.mean_absolute_error == 1.5
    with pytest.raises(MetricError, match="not finite"):
        regression([[[1.0]]], [np.inf])
    with pytest.raises(MetricError, match=r"expected \(n,\) and \(n, 1\)"):
        regression([[[1.0, 2.0]]], [1.0])
