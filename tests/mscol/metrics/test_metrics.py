import numpy as np
import pytest
from sklearn.metrics import (
    average_precision_score,
    f1_score,
    precision_recall_fscore_support,
    roc_auc_score,
)

from mscol.metrics import MetricError, aggregate_windows, classification, tagging
from mscol.metrics.bootstrap import (
    bootstrap_classification,
    bootstrap_tagging,
    macro_mean,
)
from mscol.metrics.resampling import resample_counts


def test_tag_scores_are_the_mean_of_windows_and_class_scores_their_sum():
    windows = [[[0.0, 4.0], [1.0, 0.0]], [[3.0, 1.0]]]
    np.testing.assert_allclose(aggregate_windows(windows, "mean"), [[0.5, 2.0], [3.0, 1.0]])
    np.testing.assert_allclose(aggregate_windows(windows, "sum"), [[1.0, 4.0], [3.0, 1.0]])


def test_an_array_and_a_list_of_windows_mean_the_same():
    generator = np.random.default_rng(0)
    scores, tags = generator.random((20, 3, 4)), generator.integers(2, size=(20, 4))
    assert tagging(scores, tags).roc_auc == tagging(list(scores), tags).roc_auc
    classes = generator.integers(4, size=20)
    assert classification(scores, classes).accuracy == classification(list(scores), classes).accuracy


def test_tagging_by_hand():
    # Means: 0.8, 0.6, 0.4, 0.2. First tag: positives rank 1 and 3. Second: rank 1.
    scores = [[[0.9, 0.9], [0.7, 0.7]], [[0.6, 0.6]], [[0.4, 0.4]], [[0.1, 0.1], [0.3, 0.3]]]
    result = tagging(scores, [[1, 1], [0, 0], [1, 0], [0, 0]])
    np.testing.assert_allclose(result.roc_auc_per_tag, [3 / 4, 1])
    np.testing.assert_allclose(result.pr_auc_per_tag, [(1 + 2 / 3) / 2, 1])
    assert result.roc_auc == pytest.approx(7 / 8)
    assert result.n_clips == 4


def test_tag_without_a_positive_or_a_negative_is_left_out_of_the_macro_mean():
    scores = [[[0.9, 0.1, 0.5]], [[0.2, 0.1, 0.5]]]
    result = tagging(scores, [[1, 0, 1], [0, 0, 1]])
    assert result.roc_auc == 1 and result.pr_auc == 1
    assert np.isnan(result.roc_auc_per_tag[1:]).all() and np.isnan(result.pr_auc_per_tag[1:]).all()
    assert result.left_out.tolist() == [1, 2]
    assert result.n_positive_per_tag.tolist() == [1, 0, 2]


def test_no_tag_that_can_be_scored_gives_nan():
    assert np.isnan(tagging([[[0.3]], [[0.4]]], [[0], [0]]).roc_auc)


def test_classification_by_hand_takes_the_first_of_tied_maxima():
    # The second clip's sums tie at 1 for all classes: it counts as class 0, not as a hit for 1.
    scores = [[[2.0, 0, 0], [0, 1, 0]], [[1, 0, 0], [0, 1, 1]], [[0, 0, 5.0]], [[0, 3.0, 0]]]
    result = classification(scores, [0, 1, 2, 1])
    assert result.accuracy == 3 / 4
    assert result.confusion.tolist() == [[1, 0, 0], [1, 1, 0], [0, 0, 1]]
    np.testing.assert_allclose(result.f1_per_class, [2 / 3, 2 / 3, 1])
    assert result.macro_f1 == pytest.approx(7 / 9)
    assert result.n_clips == 4


def test_class_that_does_not_occur_is_left_out_of_the_macro_mean():
    result = classification([[[1.0, 0, 0]], [[0, 0, 1.0]]], [0, 0])
    assert result.macro_f1 == pytest.approx(2 / 3)
    assert np.isnan(result.recall_per_class[1:]).all()
    assert result.confusion.shape == (3, 3)


def test_shuffled_labels_give_chance():
    generator = np.random.default_rng(1)
    tags = generator.random((2000, 5)) < 0.2
    scores = tags + generator.normal(size=tags.shape)
    shuffled = tagging(scores[:, None], generator.permutation(tags))
    assert tagging(scores[:, None], tags).roc_auc > 0.7
    assert shuffled.roc_auc == pytest.approx(0.5, abs=0.03)
    assert shuffled.pr_auc == pytest.approx(0.2, abs=0.03)


@pytest.mark.parametrize(
    ("scores", "labels", "sentence"),
    [
        ([[[0.1, 0.2]]], [[1]], "must be equal"),
        ([[[0.1, np.nan]]], [[1, 0]], "not finite"),
        ([[[0.1]], [[0.2]]], [[1], [2]], "neither 0 nor 1"),
        ([[[0.1]], np.empty((0, 1))], [[1], [0]], "at least one window"),
        ([[[0.1]], [[0.1, 0.2]]], [[1], [0]], "as many labels"),
        ([], [], "no clips"),
    ],
)
def test_bad_tagging_input_is_an_error(scores, labels, sentence):
    with pytest.raises(MetricError, match=sentence):
        tagging(scores, labels)


@pytest.mark.parametrize(("labels", "sentence"), [([0, 2], "index of a class"), ([0], "one class per clip")])
def test_bad_classes_are_an_error(labels, sentence):
    with pytest.raises(MetricError, match=sentence):
        classification([[[0.1, 0.2]], [[0.3, 0.4]]], labels)


def test_resamples_are_as_large_as_the_test_set():
    counts = resample_counts(30, 50, np.random.default_rng(0))
    assert counts.shape == (50, 30) and (counts.sum(axis=1) == 30).all()


def test_bootstrapped_areas_equal_scikit_learn_with_sample_weights():
    generator = np.random.default_rng(2)
    labels = (generator.random((150, 4)) < [0.5, 0.2, 0.03, 0.97]).astype(int)
    scores = np.round(generator.random((150, 4)) + 0.3 * labels, 1)  # rounded: full of ties
    counts = resample_counts(150, 40, generator)
    roc_auc, pr_auc = bootstrap_tagging(scores, labels, counts)
    for resample, weights in enumerate(counts):
        for tag in range(4):
            y, s = labels[:, tag], scores[:, tag]
            if len(np.unique(y[weights > 0])) < 2:
                assert np.isnan(roc_auc[resample, tag]) and np.isnan(pr_auc[resample, tag])
                continue
            assert roc_auc[resample, tag] == pytest.approx(
                roc_auc_score(y, s, sample_weight=weights), abs=1e-6
            )
            expected = average_precision_score(y, s, sample_weight=weights)
            assert pr_auc[resample, tag] == pytest.approx(expected, abs=1e-6)
    assert np.isfinite(roc_auc).any(axis=0).all()


def test_bootstrapped_classification_equals_scikit_learn_on_the_drawn_clips():
    generator = np.random.default_rng(3)
    labels, scores = generator.integers(5, size=40), generator.random((40, 6))
    counts = resample_counts(40, 30, generator)
    drawn = bootstrap_classification(scores, labels, counts)
    for resample, weights in enumerate(counts):
        y, predicted = (np.repeat(values, weights) for values in (labels, scores.argmax(axis=1)))
        assert drawn.accuracy[resample] == pytest.approx((y == predicted).mean())
        present = np.unique(y)
        expected = f1_score(y, predicted, labels=present, average="macro", zero_division=0.0)
        assert drawn.macro_f1[resample] == pytest.approx(expected, abs=1e-6)
        precision, recall, f1, _ = precision_recall_fscore_support(
            y, predicted, labels=present, zero_division=0.0
        )
        for ours, expected in ((drawn.precision, precision), (drawn.recall, recall), (drawn.f1, f1)):
            np.testing.assert_allclose(ours[resample, present], expected, atol=1e-6)
            assert np.isnan(np.delete(ours[resample], present)).all()


def test_tag_without_a_positive_is_nan_in_every_resample_and_left_out():
    counts = resample_counts(6, 20, np.random.default_rng(0))
    labels = np.array([[1, 0], [0, 0], [1, 0], [0, 0], [1, 0], [0, 0]])
    roc_auc, _ = bootstrap_tagging(np.random.default_rng(1).random((6, 2)), labels, counts)
    assert np.isnan(roc_auc[:, 1]).all()
    np.testing.assert_array_equal(macro_mean(roc_auc), roc_auc[:, 0])
