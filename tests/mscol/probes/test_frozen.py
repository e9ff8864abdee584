import json

import numpy as np
import pandas as pd
import pytest
from small_task import TAGS, make_dataset, name_outputs, read_scores, run

from mscol.embeddings.stored import open_embeddings
from mscol.errors import CacheError, TrainingError
from mscol.io.files import open_array
from mscol.metrics import classification, regression, tagging
from mscol.probes import score_head
from mscol.probes.frozen import _scaling
from mscol.scores.labels import encode_labels


@pytest.mark.parametrize(("task", "hidden"), [("tagging", []), ("classification", [8])])
def test_separable_problem_is_learnt(tmp_path, task, hidden):
    scores, history = run(tmp_path, *make_dataset(tmp_path, task), hidden=hidden, learning_rate=0.05)
    windows = scores["window_scores"].reshape(15, 2, 3)
    if task == "tagging":
        assert windows.min() >= 0 and windows.max() <= 1
        accuracy = ((windows.mean(axis=1) > 0.5) == scores["labels"]).mean()
    else:
        accuracy = (windows.sum(axis=1).argmax(axis=1) == scores["labels"]).mean()
    assert accuracy > 0.9
    expected = ["epoch", "loss", "accuracy", "validation_loss", "validation_accuracy"]
    assert history.columns.tolist() == expected and history["epoch"].iloc[0] == 1
    assert scores["ids"].tolist() == [f"test {number:03}" for number in range(15)]
    assert scores["n_windows"].tolist() == [2] * 15 and scores["cleaned"].tolist() == [1] * 15


def test_shuffled_labels_give_chance(tmp_path):
    files = make_dataset(tmp_path, "classification", shuffle=True, n_train=300, n_test=300)
    scores, _ = run(tmp_path, *files)
    right = classification(scores["window_scores"].reshape(300, 2, 3), scores["labels"]).accuracy
    assert right == pytest.approx(1 / 3, abs=0.1)


def test_shuffled_tags_give_chance(tmp_path):
    files = make_dataset(tmp_path, "tagging", shuffle=True, n_train=300, n_test=300)
    scores, _ = run(tmp_path, *files)
    tagged = tagging(scores["window_scores"].reshape(300, 2, 3), scores["labels"])
    assert tagged.roc_auc == pytest.approx(0.5, abs=0.1)
    assert tagged.pr_auc == pytest.approx(scores["labels"].mean(), abs=0.1)


def test_same_seed_gives_the_same_scores_and_another_does_not(tmp_path):
    files = make_dataset(tmp_path, "classification")
    first, history = run(tmp_path, *files, epochs=3)
    again, same_history = run(tmp_path, *files, epochs=3)
    other, _ = run(tmp_path, *files, epochs=3, seed=1)
    np.testing.assert_array_equal(first["window_scores"], again["window_scores"])
    pd.testing.assert_frame_equal(history, same_history)
    assert (first["window_scores"] != other["window_scores"]).any()


def test_saved_head_is_safe_to_load_and_gives_the_saved_scores(tmp_path):
    import keras

    arrays, indices = make_dataset(tmp_path, "tagging")
    scores, _ = run(tmp_path, arrays, indices, epochs=2)
    head = keras.saving.load_model(tmp_path / "head.keras", safe_mode=True)
    assert not head.compiled  # no state of an optimizer in the file
    again = np.asarray(head(np.load(arrays["test"])))
    np.testing.assert_allclose(again, scores["window_scores"], atol=1e-6)


def test_array_that_does_not_fit_its_table_is_an_error(tmp_path):
    np.save(tmp_path / "train.npy", np.zeros((3, 2, 4), np.float32))
    pd.DataFrame({"clip": ["a", "b"], "segment": 0}).to_csv(tmp_path / "train.csv", index=False)
    with pytest.raises(CacheError, match="has 3 rows"):
        open_embeddings(tmp_path / "train.npy", tmp_path / "train.csv")
    (tmp_path / "train.npy").write_bytes(b"")
    with pytest.raises(CacheError, match=r"train\.npy: damaged"):
        open_embeddings(tmp_path / "train.npy", tmp_path / "train.csv")


def test_clips_without_a_label_for_the_task_are_left_out_as_if_they_had_not_been_embedded(tmp_path):
    arrays, indices = make_dataset(tmp_path, "classification")
    unlabelled = {"train": [0, 7], "validation": [3], "test": [2, 14]}
    names = {f"{split} {number:03}" for split, numbers in unlabelled.items() for number in numbers}
    clips = pd.read_csv(tmp_path / "clips.csv")
    clips[~clips["id"].isin(names)].to_csv(tmp_path / "clips.csv", index=False)
    scores, history = run(tmp_path, arrays, indices, epochs=3, standardise=True)
    assert len(scores["ids"]) == 13 and names.isdisjoint(scores["ids"])
    for split, numbers in unlabelled.items():
        rows = [2 * n + window for n in numbers for window in (0, 1)] if split == "test" else numbers
        np.save(arrays[split], np.delete(np.load(arrays[split]), rows, axis=0))
        pd.read_csv(indices[split]).drop(index=numbers).to_csv(indices[split], index=False)
    expected, same_history = run(tmp_path, arrays, indices, epochs=3, standardise=True)
    np.testing.assert_array_equal(scores["window_scores"], expected["window_scores"])
    pd.testing.assert_frame_equal(history, same_history)


def test_fraction_of_labels_trains_on_fewer_clips(tmp_path, caplog):
    files = make_dataset(tmp_path, "classification")
    everything, _ = run(tmp_path, *files, epochs=3)
    with caplog.at_level("INFO"):
        tenth, _ = run(tmp_path, *files, epochs=3, label_fraction=0.1)
    assert "labels of 6 of 60 clips, with 3 of 3 labels" in caplog.text
    assert tenth["window_scores"].shape == everything["window_scores"].shape
    assert (tenth["window_scores"] != everything["window_scores"]).any()
    about = json.loads((tmp_path / "head.json").read_text())
    assert about["label_fraction"] == 0.1 and about["labels"] == ["bass", "flute", "organ"]


def test_standardised_values_may_have_any_scale(tmp_path):
    arrays, indices = make_dataset(tmp_path, "classification")
    plain, _ = run(tmp_path, arrays, indices, epochs=5, standardise=True)
    for path in arrays.values():
        np.save(path, np.load(path) * np.float32([1e-3, 1, 1e4]) + 7)
    scaled, _ = run(tmp_path, arrays, indices, epochs=5, standardise=True)
    np.testing.assert_allclose(scaled["window_scores"], plain["window_scores"], atol=1e-2)
    unscaled, _ = run(tmp_path, arrays, indices, epochs=5)
    assert np.abs(unscaled["window_scores"] - plain["window_scores"]).max() > 1


def test_head_that_was_trained_before_gives_the_same_scores_without_training(tmp_path):
    arrays, indices = make_dataset(tmp_path, "tagging")
    trained, _ = run(tmp_path, arrays, indices, epochs=2)
    score(tmp_path, arrays, indices)
    again = read_scores(tmp_path / "again.npz")
    assert np.isnan(again.pop("validation")) and again.pop("chosen") == [""]
    for name, values in again.items():
        np.testing.assert_array_equal(values, trained[name])


def test_head_of_other_labels_or_another_encoder_is_refused(tmp_path):
    arrays, indices = make_dataset(tmp_path, "classification")
    run(tmp_path, arrays, indices, epochs=1)
    about = json.loads((tmp_path / "about.json").read_text())
    (tmp_path / "about.json").write_text(json.dumps(about | {"labels": ["organ", "flute", "bass"]}))
    with pytest.raises(
        TrainingError, match=r"has 3 labels \(bass, flute, organ\) and .* but the dataset has 3 \(organ"
    ):
        score(tmp_path, arrays, indices)
    np.save(arrays["test"], np.zeros((30, 7), np.float32))
    with pytest.raises(TrainingError, match=r"takes inputs of shape \(3,\), but these inputs have \(7,\)"):
        score(tmp_path, arrays, indices)
    whole = bytearray((tmp_path / "head.keras").read_bytes())
    whole[whole.index(b"model.weights.h5") + 3000] ^= 1  # inside the weights
    (tmp_path / "head.keras").write_bytes(whole)
    with pytest.raises(TrainingError, match=r"head\.keras: missing, damaged, .*CRC"):
        score(tmp_path, arrays, indices)
    (tmp_path / "head.keras").write_bytes(b"no head")
    with pytest.raises(TrainingError, match=r"head\.keras: missing, damaged, or not a Keras model"):
        score(tmp_path, arrays, indices)


@pytest.mark.parametrize(
    ("beside", "message"),
    [
        ("{", "does not give the task and labels"),
        ("[]", "does not give the task and labels"),
        ('{"task": "classification", "labels": [1, 2, 3]}', "labels must be strings"),
        ('{"task": "tagging", "labels": ["bass", "flute", "organ"]}', "trained for tagging, but"),
    ],
)
def test_what_lies_beside_a_head_is_checked(tmp_path, beside, message):
    files = make_dataset(tmp_path, "classification")
    run(tmp_path, *files, epochs=1)
    (tmp_path / "head.json").write_text(beside)
    with pytest.raises(TrainingError, match=message):
        score(tmp_path, *files)


def test_model_that_gives_more_than_a_value_a_label_is_no_head(tmp_path):
    import keras

    files = make_dataset(tmp_path, "classification")
    model = keras.Sequential([keras.Input((3,)), keras.layers.Reshape((1, 3))])
    model.save(name_outputs(tmp_path)["model"])
    with pytest.raises(TrainingError, match=r"has 3 labels and outputs of shape \(1, 3\), but the dataset"):
        score(tmp_path, *files)


def test_scaling_lets_go_of_what_it_read(tmp_path):
    crops = np.lib.format.open_memmap(tmp_path / "x.npy", "w+", "float32", (40_000, 8, 128))  # 164 MB
    crops[:, :, 0] = np.arange(8)
    crops[:, :, 1] = 3.7
    crops.flush()
    del crops
    crops = open_array(tmp_path / "x.npy")
    before = resident_mb()
    mean, variance = _scaling(crops)
    assert resident_mb() - before < 30
    np.testing.assert_allclose(mean[:3], [3.5, 3.7, 0], rtol=1e-7)
    assert variance[:3].tolist() == [5.25, 1, 1]


def resident_mb():
    """Pages of files that count as this process's memory."""
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("RssFile")) / 1024


def score(folder, arrays, indices):
    score_head(
        name_outputs(folder)["model"], arrays["test"], indices["test"],
        folder / "clips.csv", folder / "about.json", folder / "again.npz",
    )  # fmt: skip


def test_further_heads_have_seeds_of_their_own_and_leave_the_first_alone(tmp_path):
    files = make_dataset(tmp_path, "classification")
    alone, _ = run(tmp_path, *files, epochs=3)
    several, _ = run(tmp_path, *files, epochs=3, n_heads=3)
    assert alone["heads"].shape == (1, 30, 3) and several["heads"].shape == (3, 30, 3)
    np.testing.assert_array_equal(several["heads"][0], alone["heads"][0])
    assert len({head.tobytes() for head in several["heads"]}) == 3


def test_search_keeps_the_head_that_is_best_on_validation_and_names_it(tmp_path):
    files = make_dataset(tmp_path, "classification")
    search = {"hidden": [[], [4]], "learning_rate": [1e-6, 0.05]}
    found, _ = run(tmp_path, *files, epochs=5, search=search)
    alone, _ = run(tmp_path, *files, epochs=5, learning_rate=0.05)
    assert found["chosen"].tolist() == ["hidden none, learning rate 0.05"]  # of equal ones the first
    assert found["validation"] == alone["validation"] == 1
    np.testing.assert_array_equal(found["heads"], alone["heads"])


def test_validation_value_is_that_of_clips(tmp_path):
    import keras

    arrays, indices = make_dataset(tmp_path, "tagging", shuffle=True)
    scores, _ = run(tmp_path, arrays, indices, epochs=2)
    head = keras.saving.load_model(tmp_path / "head.keras")
    crops = np.load(arrays["validation"])
    clips = np.asarray(head(crops.reshape(-1, 3))).reshape(21, 4, 3).mean(axis=1)
    tags = pd.read_csv(tmp_path / "clips.csv", index_col="id").loc[
        pd.read_csv(indices["validation"])["clip"], "labels"
    ]
    expected = tagging(clips[:, None], encode_labels(tags.fillna(""), TAGS, "tagging")).roc_auc
    assert scores["validation"] == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("hidden", [[], [16]])
def test_numbers_are_predicted_in_their_own_unit(tmp_path, hidden):
    scores, history = run(tmp_path, *make_dataset(tmp_path, "regression"), hidden=hidden, standardise=True)
    told = regression(scores["window_scores"].reshape(15, 2, 1), scores["labels"])
    assert 1000 < scores["labels"].min() < scores["labels"].max() < 1050
    assert told.r2 > 0.7 and scores["validation"] > 0.7
    assert history["validation_accuracy"].max() > 0.5  # R2, window by window
