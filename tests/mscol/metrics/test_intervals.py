"""Intervals, p-values and levels of chance, held against scipy, by hand, and by how often they are right."""

import numpy as np
import pytest
from scipy.stats import beta, binomtest, bootstrap, norm, t
from sklearn.metrics import average_precision_score

from mscol.metrics.bootstrap import Ranking, bootstrap_classification, bootstrap_tagging
from mscol.metrics.chance import chance_levels, chance_precision
from mscol.metrics.intervals import (
    holm,
    logit_interval,
    paired_p_value,
    percentile_interval,
    share_interval,
)
from mscol.metrics.resampling import leave_one_out, pool_runs, resample_counts, run_weights
from mscol.metrics.shares import shares


def test_resampled_groups_take_all_their_clips_with_them():
    generator = np.random.default_rng(0)
    groups = generator.integers(12, size=90)
    labels = (generator.random((90, 2)) < 0.4).astype(int)
    scores = np.round(generator.random((90, 2)) + 0.3 * labels, 1)
    counts = resample_counts(12, 30, generator)
    of_groups = bootstrap_tagging(scores, labels, counts, groups)
    for ours, of_clips in zip(of_groups, bootstrap_tagging(scores, labels, counts[:, groups]), strict=True):
        np.testing.assert_allclose(ours, of_clips, atol=1e-6)
    classes = generator.integers(3, size=90)
    ours = bootstrap_classification(scores, classes % 2, counts, groups)
    theirs = bootstrap_classification(scores, classes % 2, counts[:, groups])
    for mine, other in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(mine, other, atol=1e-6)


def test_percentiles_of_many_groups_are_those_of_scipy():
    generator = np.random.default_rng(1)
    sample = generator.exponential(size=4000)
    theirs = bootstrap((sample,), np.mean, n_resamples=4000, method="percentile", rng=generator)
    drawn = [sample[generator.integers(4000, size=4000)].mean() for _ in range(4000)]
    np.testing.assert_allclose(
        percentile_interval(np.array(drawn), 4000), theirs.confidence_interval, atol=4e-3
    )


def test_percentiles_of_few_groups_reach_as_far_as_those_of_student():
    sample = np.random.default_rng(2).normal(size=6)
    drawn = sample.mean() + norm.ppf((np.arange(20_000) + 0.5) / 20_000) * sample.std() / np.sqrt(6)
    low, high = percentile_interval(drawn, 6)
    expected = t.interval(0.95, 5, sample.mean(), sample.std(ddof=1) / np.sqrt(6))
    np.testing.assert_allclose((low, high), expected, rtol=0.02)
    assert np.isnan(percentile_interval(drawn, 1)).all()


def test_interval_leaves_out_undefined_resamples():
    assert percentile_interval(np.array([1.0, np.nan, 1.0]), 9) == (1.0, 1.0)
    assert np.isnan(percentile_interval(np.array([np.nan]), 9)).all()


@pytest.mark.parametrize(("hits", "n_clips"), [(0, 3), (3, 3), (1, 3), (17, 24), (350, 4096)])
def test_interval_of_a_share_of_independent_clips_is_the_exact_one(hits, n_clips):
    is_hit = (np.arange(n_clips) < hits)[:, None]
    found = shares(is_hit, np.ones_like(is_hit), np.arange(n_clips))
    variance = np.square(found.deviations).sum()
    ours = share_interval(found.value[0], variance, found.n_clips[0], found.n_groups[0])
    np.testing.assert_allclose(ours, binomtest(hits, n_clips).proportion_ci(method="exact"), atol=1e-9)


def test_clips_that_repeat_others_add_nothing_to_a_share():
    is_hit = np.repeat(np.arange(20) < 13, 5)[:, None]
    found = shares(is_hit, np.ones_like(is_hit), np.repeat(np.arange(20), 5))
    ours = share_interval(found.value[0], np.square(found.deviations).sum(), 100, 20)
    # Korn and Graubard's: twenty clips, a little fewer because of Student's t
    effective = 20 * (t.ppf(0.975, 99) / t.ppf(0.975, 19)) ** 2
    hits = 0.65 * effective
    expected = beta.ppf(0.025, hits, effective - hits + 1), beta.ppf(0.975, hits + 1, effective - hits)
    np.testing.assert_allclose(ours, expected, atol=1e-9)
    all_right = np.ones_like(is_hit)
    found = shares(all_right, all_right, np.repeat(np.arange(20), 5))
    assert share_interval(1.0, 0.0, 100, 20) == pytest.approx(binomtest(20, 20).proportion_ci(method="exact"))
    assert np.isnan(share_interval(np.nan, np.nan, 0, 0)).all()


@pytest.mark.parametrize("variance_of_runs", [0.0, 1e-3])
def test_clips_of_a_single_group_count_as_one_clip(variance_of_runs):
    is_hit = (np.arange(300) % 3 == 0)[:, None]
    found = shares(is_hit, np.ones_like(is_hit), np.zeros(300, int))
    ours = share_interval(found.value[0], np.square(found.deviations).sum() + variance_of_runs, 300, 1)
    expected = beta.ppf(0.025, 1 / 3, 5 / 3), beta.ppf(0.975, 4 / 3, 2 / 3)
    np.testing.assert_allclose(ours, expected, atol=1e-9)


def test_jackknife_of_a_mean_is_the_interval_of_student_on_the_scale_of_log_odds():
    sample = np.random.default_rng(3).uniform(0.2, 0.9, size=40)
    left_out = (sample.sum() - sample) / 39
    low, high = logit_interval(sample.mean(), left_out)
    error = sample.std(ddof=1) / np.sqrt(40) / (sample.mean() * (1 - sample.mean()))
    centre = np.log(sample.mean() / (1 - sample.mean()))
    expected = 1 / (1 + np.exp(-(centre + t.ppf([0.025, 0.975], 39) * error)))
    np.testing.assert_allclose((low, high), expected, rtol=1e-6)
    wider = logit_interval(sample.mean(), left_out, variance=0.01)
    assert wider[0] < low and wider[1] > high


def test_jackknife_of_what_no_group_changes_is_no_interval():
    assert np.isnan(logit_interval(1.0, np.ones(12))).all()
    low, high = logit_interval(0.9996, 0.9996 + np.linspace(-5e-5, 5e-5, 12))
    assert 0.998 < low < 0.9996 < high < 1


def test_jackknife_leaves_out_a_group_at_a_time():
    generator = np.random.default_rng(4)
    groups, labels, scores = (
        generator.integers(7, size=50),
        generator.integers(2, size=50),
        generator.random(50),
    )
    _, pr_auc = bootstrap_tagging(scores[:, None], labels[:, None], leave_one_out(7), groups)
    for group in range(7):
        kept = groups != group
        assert pr_auc[group, 0] == pytest.approx(
            average_precision_score(labels[kept], scores[kept]), abs=1e-6
        )


def test_intervals_of_pr_auc_hold_the_truth_about_as_often_as_they_say():
    # One tag of 30 positives among 200; its truth is that of a large sample.
    generator = np.random.default_rng(5)

    def draw(n, n_positive):
        labels = (np.arange(n) < n_positive).astype(int)
        return generator.normal(size=n) + 1.5 * labels, labels

    truth = average_precision_score(*draw(200_000, 30_000)[::-1])
    held, weights = 0, np.hstack([np.ones((200, 1)), leave_one_out(200)]).astype(np.float32)
    for _ in range(150):
        value, *left_out = Ranking(*draw(200, 30), np.arange(200), 200).areas(weights)[1]
        low, high = logit_interval(value, np.array(left_out))
        held += low <= truth <= high
    assert 0.9 < held / 150 <= 0.99


def test_few_runs_vary_as_their_mean_does():
    runs = np.random.default_rng(6).normal(size=3)
    weights = run_weights(3, 200_000, np.random.default_rng(7))
    assert weights.sum(axis=0) == pytest.approx(1)
    assert (runs @ weights).var() == pytest.approx(runs.var(ddof=1) / 3, rel=0.02)
    assert (run_weights(1, 5, np.random.default_rng(0)) == 1).all()


def test_heads_of_several_encoders_count_as_one_run_each():
    values = np.arange(4.0)
    assert pool_runs(values, [(1, 1), (1, 2), (2, 1), (2, 2)]).tolist() == [0.5, 2.5]
    assert pool_runs(values[:3], [(1, 1), (1, 2), (1, 3)]).tolist() == [0, 1, 2]


def test_p_values_of_paired_differences():
    many = 10**6  # groups: what is left is the percentile itself
    assert paired_p_value(np.full(999, 0.1), many)[0] == pytest.approx(2 / 1000, rel=1e-3)
    assert paired_p_value(np.array([0.1, -0.1] * 50), many)[0] == 1
    assert paired_p_value(np.zeros(100), many)[0] == 1  # two systems that say the same
    assert np.isnan(paired_p_value(np.array([np.nan]), many)).all()
    assert np.isnan(paired_p_value(np.full(999, 0.1), 1)).all()


def test_p_value_of_few_clips_is_that_of_a_paired_test():
    # 24 clips of which one model has 8 right that the other misses, and 1 the other way round.
    better = np.repeat([1, -1, 0], [8, 1, 15])
    counts = resample_counts(24, 10_000, np.random.default_rng(8))
    p_value, highest = paired_p_value(counts @ better / 24, 24)
    assert p_value == pytest.approx(binomtest(8, 9).pvalue, rel=0.8)  # McNemar's exact test: 0.039
    assert p_value < highest < 1.5 * p_value + 0.01


def test_highest_p_value_is_what_other_resamples_may_give():
    generator = np.random.default_rng(9)
    better = np.repeat([1, -1, 0], [60, 38, 102])
    found = []
    for _ in range(60):
        drawn = (resample_counts(200, 1000, generator) @ better.astype(float)) / 200
        found.append(paired_p_value(drawn, 200))
    values, highest = np.array(found).T
    assert 0.01 < np.median(values) < 0.06
    assert (highest > np.median(values)).mean() > 0.9


def test_alike_systems_differ_significantly_no_more_often_than_they_should():
    generator = np.random.default_rng(10)
    rejected = 0
    for _ in range(200):
        one, other = generator.random((2, 30)) < 0.7
        drawn = resample_counts(30, 400, generator) @ (one.astype(float) - other) / 30
        rejected += paired_p_value(drawn, 30)[0] < 0.05
    assert rejected / 200 < 0.08


def test_holm_leaves_out_what_has_no_p_value():
    np.testing.assert_allclose(holm([0.01, np.nan, 0.04, 0.03]), [0.03, np.nan, 0.06, 0.06])


def test_chance_of_average_precision_is_the_mean_of_random_orders():
    generator = np.random.default_rng(11)
    for n_positive, n_clips in ((1, 10), (3, 32), (20, 40)):
        is_positive = generator.random((20_000, n_clips)).argsort(axis=1) < n_positive
        precision = is_positive.cumsum(axis=1) / np.arange(1, n_clips + 1)
        drawn = (precision * is_positive).sum(axis=1) / n_positive
        assert chance_precision(n_positive, n_clips) == pytest.approx(drawn.mean(), abs=0.005)
    assert chance_precision(1, 10) == pytest.approx(np.mean(1 / np.arange(1, 11)))
    assert chance_precision(400, 5000) == pytest.approx(0.08, abs=2e-3)
    assert np.isnan(chance_precision(np.array([0, 10]), 10)).all()


def test_chance_of_a_list_is_the_mean_of_its_tags():
    chance = chance_levels("tagging", np.array([1, 0, 3]), 32)
    assert chance["roc_auc"] == 0.5
    assert chance["pr_auc"] == pytest.approx(chance_precision(np.array([1, 3]), 32).mean())
    assert chance_levels("classification", np.array([3, 1]), 4) == pytest.approx(
        {"accuracy": 0.75, "macro_f1": 3 / 7}
    )
