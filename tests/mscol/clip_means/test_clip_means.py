"""Neighbours, logistic regression, retrieval and episodes, against scikit-learn and by hand."""

import json

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import average_precision_score
from sklearn.neighbors import NearestNeighbors
from small_tables import write
from small_task import make_dataset

from mscol.clip_means import knn, score_clip_means
from mscol.clip_means.artists import play_episodes
from mscol.clip_means.knn import find_neighbours, unit_rows, vote
from mscol.clip_means.logistic import N_DRAWS, draw_shots, fit_logistic, standardise
from mscol.clip_means.retrieval import retrieve
from mscol.embeddings.stored import clip_means
from mscol.figures.classes import plot_classes
from mscol.figures.differences import plot_differences
from mscol.metrics import classification, regression, tagging
from mscol.scores.files import read_arrays, read_scores
from mscol.tables import Evaluation, compare_models
from mscol.tables.queries import measure_queries


@pytest.fixture(scope="module")
def made_up():
    """Embeddings of 300 training clips and 60 queries in four clusters, and the cluster of each."""
    generator = np.random.default_rng(0)
    centres = generator.normal(size=(4, 16))
    truth = np.arange(360) % 4
    values = (centres[truth] + 0.8 * generator.normal(size=(360, 16))).astype(np.float32)
    return values[:300], truth[:300], values[300:], truth[300:]


def apart(training, queries):
    """Recordings of which no query shares one with a training clip."""
    return np.arange(len(queries)) + len(training), np.arange(len(training))


def test_neighbours_are_those_of_scikit_learn(made_up, monkeypatch):
    training, _, queries, _ = made_up
    monkeypatch.setattr(knn, "_BLOCK_BYTES", 300 * 4 * 7)  # several blocks, the last one of another size
    numbers, similarities = find_neighbours(
        unit_rows(queries), unit_rows(training), *apart(training, queries), 20
    )
    found = NearestNeighbors(n_neighbors=20, metric="cosine").fit(training).kneighbors(queries)
    np.testing.assert_array_equal(numbers, found[1])
    np.testing.assert_allclose(similarities, 1 - found[0], atol=1e-5)


def test_no_clip_is_a_neighbour_of_an_excerpt_of_its_own_recording(made_up):
    training, _, queries, _ = made_up
    training, queries = unit_rows(training), unit_rows(queries)
    of_queries, of_training = apart(training, queries)
    nearest = find_neighbours(queries, training, of_queries, of_training, 3)[0]
    of_queries[5] = of_training[nearest[5, 0]]
    again, _ = find_neighbours(queries, training, of_queries, of_training, 3)
    np.testing.assert_array_equal(again[5, :2], nearest[5, 1:])
    np.testing.assert_array_equal(again[6:], nearest[6:])
    alone = find_neighbours(queries[5:6], training[nearest[5, :1]], of_queries[5:6], of_queries[5:6], 3)
    votes = vote(*alone, np.ones((1, 2)))
    assert votes[1].tolist() == [[0, 0]]  # nobody is left to ask


def test_votes_are_weighted_by_similarity_and_those_that_point_away_have_none():
    numbers = np.array([[0, 1, 2]])
    similarities = np.array([[0.6, 0.2, -0.5]], np.float32)
    votes = vote(numbers, similarities, np.array([[1, 0], [0, 1], [0, 1]]), (1, 2, 3))
    assert list(votes) == [1, 2, 3]
    np.testing.assert_allclose([votes[1][0], votes[2][0], votes[3][0]], [[1, 0], [0.75, 0.25], [0.75, 0.25]])
    all_away = vote(numbers, similarities - 1, np.array([[1, 0], [0, 1], [0, 1]]), (3,))
    np.testing.assert_allclose(all_away[3], [[1 / 3, 2 / 3]])


def test_logistic_regression_is_that_of_scikit_learn_with_the_best_strength(made_up):
    training, truth, queries, _ = made_up
    rows, other, test = standardise(training[:200], training[200:], queries)
    scores, value, strength = fit_logistic(
        rows, truth[:200], other, truth[200:], test, "classification", n_labels=5
    )
    model = LogisticRegression(C=strength, max_iter=1000).fit(rows, truth[:200])
    np.testing.assert_allclose(scores[:, :4], model.predict_proba(test), atol=0.02)
    assert (scores[:, 4] == 0).all()  # a class without a training clip
    assert value == model.score(other, truth[200:])


@pytest.mark.parametrize("constant", [0, 0.1, 3.7])
def test_a_value_that_is_constant_in_training_is_not_magnified_where_it_is_not(constant):
    training, query = np.full((300, 1), constant, np.float32), np.float32([[constant + 0.01]])
    scaled, of_query = standardise(training, query)
    assert np.abs(scaled).max() < 1e-6 and of_query[0, 0] == pytest.approx(0.01, rel=1e-3)


def test_each_tag_is_learned_against_the_rest_and_one_that_all_have_by_nothing(made_up):
    training, truth, queries, of_queries = made_up
    tags = np.stack([truth == 0, truth < 2, np.ones(300)], axis=1).astype(np.uint8)
    rows, other, test = standardise(training[:200], training[200:], queries)
    scores, value, _ = fit_logistic(rows, tags[:200], other, tags[200:], test, "tagging", n_labels=3)
    assert (scores[:, 2] == 1).all() and value > 0.9
    told = np.stack([of_queries == 0, of_queries < 2], axis=1).astype(int)
    assert tagging(scores[:, None, :2], told).roc_auc > 0.9


def test_draws_take_so_many_of_each_class_whatever_the_order(made_up):
    _, truth, *_ = made_up
    ids = [f"{number}" for number in range(300)]
    rows = draw_shots(truth, ids, "classification", 4, 8, seed=1, draw=0)
    assert np.bincount(truth[rows]).tolist() == [8] * 4
    order = np.random.default_rng(0).permutation(300)
    again = draw_shots(truth[order], np.array(ids)[order], "classification", 4, 8, seed=1, draw=0)
    assert set(order[again]) == set(rows)
    assert set(draw_shots(truth, ids, "classification", 4, 8, seed=1, draw=1)) != set(rows)
    assert len(draw_shots(truth, ids, "classification", 4, 1000, seed=1, draw=1)) == 300


def test_retrieval_is_what_scikit_learn_says_of_each_ranking(made_up, monkeypatch):
    *_, queries, truth = made_up
    labels, recordings = np.eye(5, dtype=bool)[truth], np.arange(60)
    recordings[1::4][:3] = recordings[1]  # three excerpts of one recording
    labels[7] = [0, 0, 0, 0, 1]  # nobody else has it
    monkeypatch.setattr(knn, "_BLOCK_BYTES", 60 * 16 * 7)
    found = retrieve(unit_rows(queries), labels, recordings)
    cosines = unit_rows(queries) @ unit_rows(queries).T
    for query in (0, 1, 33):
        others = recordings != recordings[query]
        relevant = labels[others] @ labels[query]
        expected = average_precision_score(relevant, cosines[query, others])
        assert found.precision[query] == pytest.approx(expected)
        assert found.hit[query] == relevant[cosines[query, others].argmax()]
        assert found.hit_chance[query] == relevant.mean()
    assert np.isnan(found.precision[7]) and np.isnan(found.hit[7])


def test_chance_of_retrieval_is_what_random_embeddings_give():
    generator = np.random.default_rng(0)
    labels, recordings = np.eye(3, dtype=bool)[np.arange(30) % 3], np.arange(30)
    drawn = [retrieve(unit_rows(generator.normal(size=(30, 8))), labels, recordings) for _ in range(200)]
    assert np.mean([one.precision.mean() for one in drawn]) == pytest.approx(
        drawn[0].precision_chance.mean(), abs=0.01
    )
    assert np.mean([one.hit.mean() for one in drawn]) == pytest.approx(drawn[0].hit_chance.mean(), abs=0.02)


def play(values, n_artists=60, n_clips=4):
    artists = np.array([f"artist {number}" for number in np.repeat(np.arange(n_artists), n_clips)])
    return play_episodes(unit_rows(values), artists, np.arange(len(artists))), artists


def by_definition(right, wrong):
    """The authors' equal error rate of an episode (CVSM): the first place at which the rising right exceed the falling wrong ones."""
    places = np.flatnonzero(np.sort(right) > np.sort(wrong)[::-1])
    return (places[0] if len(places) else len(right)) / len(right)


def test_artists_are_recognised_only_by_embeddings_that_separate_them(tmp_path):
    generator = np.random.default_rng(0)
    for name, values, expected in (
        ("random", generator.normal(size=(240, 8)), 0.5),
        ("the same", np.ones((240, 8)), 0.5),
        ("telling", np.repeat(np.eye(60), 4, axis=0), 0.0),
    ):
        episodes, _ = play(values)
        assert episodes.drawn.shape == (100, 50)
        np.savez(tmp_path / f"{name}.npz", **episodes._asdict())
        [listed] = measure_queries("artists", [tmp_path / f"{name}.npz"], [1], 100, 3)
        overall = listed.measured.overall
        assert overall["mean_normalised_rank"][0, 0] == pytest.approx(expected, abs=0.04)
        rates = [by_definition(*pair) for pair in zip(episodes.right, episodes.wrong, strict=True)]
        assert overall["equal_error_rate"][0, 0] == pytest.approx(np.mean(rates), abs=1e-6)
        assert listed.n_test == 60 and listed.chance["mean_normalised_rank"] == 0.49


def test_artist_with_one_recording_is_not_asked():
    artists = np.array(["a", "a", "b", "b", "", ""])
    episodes = play_episodes(unit_rows(np.eye(6)), artists, np.array([0, 1, 2, 2, 3, 4]))
    assert len(episodes.drawn) == 0 and episodes.artists.tolist() == ["a"]


def test_mean_of_a_clip_is_over_all_its_windows_and_crops():
    rows = np.arange(24.0, dtype=np.float32).reshape(6, 2, 2)
    clips, means = clip_means(rows, pd.DataFrame({"clip": list("aabbbc")}))
    assert clips.tolist() == ["a", "b", "c"]
    np.testing.assert_allclose(
        means, [rows[:2].mean(axis=(0, 1)), rows[2:5].mean(axis=(0, 1)), rows[5].mean(axis=0)]
    )
    clips, means = clip_means(rows[:, 0], pd.DataFrame({"clip": ["x", "y"], "n_windows": [4, 2]}))
    np.testing.assert_allclose(means, [rows[:4, 0].mean(axis=0), rows[4:, 0].mean(axis=0)])


@pytest.mark.parametrize("task", ["classification", "tagging"])
def test_all_protocols_learn_a_task_that_can_be_learned(tmp_path, task):
    arrays, indices = make_dataset(tmp_path, task)
    clips = pd.read_csv(tmp_path / "clips.csv", keep_default_na=False)
    number = clips["id"].str[-3:].astype(int)
    clips.assign(artist=[f"artist {n % 5}" for n in number]).to_csv(tmp_path / "clips.csv", index=False)
    ways = [
        ("knn", 1.0),
        ("knn", 0.5),
        ("logistic", 1.0),
        ("shots2", 1.0),
        ("retrieval", 1.0),
        ("artists", 1.0),
    ]
    outputs = [tmp_path / f"{number}.npz" for number in range(len(ways))]
    score_clip_means(arrays, indices, tmp_path / "clips.csv", tmp_path / "about.json", 1, ways, outputs)
    measure = {"classification": classification, "tagging": tagging}[task]
    for path, n_heads in zip(outputs[:4], (1, 1, 1, N_DRAWS), strict=True):
        told = read_scores(path, task)
        assert told.scores.shape == (n_heads, 15, 3)
        result = measure(told.scores[0][:, None], told.labels)
        assert (result.accuracy if task == "classification" else result.roc_auc) > 0.75
    assert read_scores(outputs[0], task).validation > 0.9 and read_scores(outputs[0], task).chosen[
        0
    ].startswith("k = ")
    assert read_scores(outputs[2], task).chosen[0].startswith("C = ")
    [listed] = measure_queries("retrieval", outputs[4:5], [1], 50, 3)
    assert listed.measured.overall["recall_at_1"][0, 0] > 0.9 > listed.chance["recall_at_1"]
    assert listed.n_test + listed.n_left_out == 15
    [asked] = measure_queries("artists", outputs[5:], [1], 50, 3)
    assert asked.n_test == 5 and asked.asked == [f"artist {n}" for n in range(5)]
    assert json.loads((tmp_path / "about.json").read_text())["task"] == task
    assert set(read_arrays(outputs[5])) == {"artists", "drawn", "ranks", "right", "wrong"}


def test_numbers_are_learned_and_shared_by_nobody(tmp_path):
    arrays, indices = make_dataset(tmp_path, "regression")
    ways = [("knn", 1.0), ("logistic", 1.0), ("shots20", 1.0), ("retrieval", 1.0), ("artists", 1.0)]
    outputs = [tmp_path / f"{number}.npz" for number in range(len(ways))]
    score_clip_means(arrays, indices, tmp_path / "clips.csv", tmp_path / "about.json", 1, ways, outputs)
    for path, least in zip(outputs[:3], (0.5, 0.8, 0.5), strict=True):
        told = read_scores(path, "regression")
        assert regression(told.scores[0][:, None], told.labels).r2 > least
    assert read_scores(outputs[1], "regression").chosen[0].startswith("alpha = ")
    assert (
        measure_queries("retrieval", outputs[3:4], [1], 50, 1)
        == measure_queries("artists", outputs[4:], [1], 50, 1)
        == []
    )
    (tmp_path / "frozen").mkdir()
    evaluations = [Evaluation(way, 1.0, "yes", [path]) for (way, _), path in zip(ways, outputs, strict=True)]
    table, per_class, bootstrap = write(
        [outputs[0]], tmp_path / "about.json", tmp_path, "mine_a", evaluations
    )
    rows = pd.read_csv(table, dtype={"seed": str}).query("seed == 'mean'").set_index("protocol")
    assert list(rows.index) == ["knn", "logistic", "shots20"]
    assert (rows["mean_absolute_error"] < rows["mean_absolute_error_chance"]).all() and (
        rows["r2_chance"] == 0
    ).all()
    assert (rows["r2_low"] < rows["r2"]).all() and (rows["r2"] < rows["r2_high"]).all()
    plot_classes(per_class, table, "mine", "a", [tmp_path / "classes.png"])
    compare_models(
        {("mine", "a"): bootstrap, ("mine", "b"): bootstrap},
        "b",
        tmp_path / "all.csv",
        tmp_path / "labels.csv",
    )
    plot_differences(tmp_path / "labels.csv", "mine", "a", [tmp_path / "differences.png"])
    assert (tmp_path / "classes.png").exists() and (tmp_path / "differences.png").exists()
    assert set(pd.read_csv(tmp_path / "all.csv")["metric"]) == {"r2", "pearson_r", "mean_absolute_error"}
