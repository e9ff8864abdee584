import json

import numpy as np
import pandas as pd
import pytest

from mscol.errors import CacheError, DatasetError, TrainingError
from mscol.probes import AllCrops, DrawnCrops, build_head, encode_labels, fit, open_embeddings, train_probe

SETTINGS = {"hidden": [], "learning_rate": 0.01, "epochs": 20, "patience": 5, "batch_size": 16}
CLASSES = ["bass", "flute", "organ"]
TAGS = ["loud", "rock", "no vocals"]


def make_dataset(folder, task, shuffle=False, n_train=60):
    """Write embeddings in which the label of a clip can be read off, and a manifest, as earlier stages do."""
    generator = np.random.default_rng(0)
    sizes = {"train": n_train, "validation": 21, "test": 15}
    rows, arrays, indices = [], {}, {}
    for split, size in sizes.items():
        truth = generator.integers(2, size=(size, 3)) if task == "tagging" else np.eye(3)[np.arange(size) % 3]
        shape = (size, 4, 3) if split != "test" else (size * 2, 3)
        rows_of_clip = truth[:, None] if split != "test" else np.repeat(truth, 2, axis=0)
        values = (rows_of_clip * 2 - 1) + 0.3 * generator.normal(size=shape)
        ids = [f"{split} {number:03}" for number in range(size)]
        table = {"clip": ids, "segment": 0}
        if split == "test":
            table = {"clip": ids, "first_window": 2 * np.arange(size), "n_windows": 2}
        if shuffle:
            truth = generator.permutation(truth)
        arrays[split], indices[split] = folder / f"{split}.npy", folder / f"{split}.csv"
        np.save(arrays[split], values.astype(np.float32))
        pd.DataFrame(table).to_csv(indices[split], index=False)
        rows += [(clip, split, 1, name_labels(row, task)) for clip, row in zip(ids, truth, strict=True)]
    manifest = pd.DataFrame(rows, columns=["id", "split", "cleaned", "labels"])
    # The order of a manifest's rows is nobody's business.
    manifest.sample(frac=1, random_state=0).to_csv(folder / "clips.csv", index=False)
    about = {"task": task, "labels": TAGS if task == "tagging" else CLASSES}
    (folder / "about.json").write_text(json.dumps(about))
    return arrays, indices


def name_labels(row, task):
    if task == "tagging":
        return ";".join(tag for tag, given in zip(TAGS, row, strict=True) if given)
    return CLASSES[int(np.argmax(row))]


def run(folder, arrays, indices, seed=0, **settings):
    outputs = folder / "head.keras", folder / "scores.npz", folder / "history.csv"
    train_probe(
        arrays, indices, folder / "clips.csv", folder / "about.json", SETTINGS | settings, seed, *outputs
    )
    with np.load(outputs[1], allow_pickle=False) as scores:
        return dict(scores), pd.read_csv(outputs[2])


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
    scores, _ = run(tmp_path, *make_dataset(tmp_path, "classification", shuffle=True, n_train=300))
    predicted = scores["window_scores"].reshape(15, 2, 3).sum(axis=1).argmax(axis=1)
    assert (predicted == scores["labels"]).mean() < 0.75


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


def test_an_epoch_shows_every_segment_once_and_drops_no_partial_batch():
    embeddings = np.arange(10 * 3).reshape(10, 3, 1).astype(np.float32)
    batches = DrawnCrops(embeddings, np.arange(10), batch_size=4, seed=0)
    seen = []
    for _ in range(2):
        batches.on_epoch_begin()
        drawn = [batches[number] for number in range(len(batches))]
        assert [len(inputs) for inputs, _ in drawn] == [4, 4, 2]
        inputs, targets = (np.concatenate(parts) for parts in zip(*drawn, strict=True))
        assert sorted(targets) == list(range(10))
        np.testing.assert_array_equal(inputs[:, 0] // 3, targets)  # a crop of that very segment
        seen.append(inputs[:, 0].tolist())
    assert seen[0] != seen[1] and sorted(seen[0]) != sorted(seen[1])


def test_keras_draws_anew_for_each_epoch_and_trains_on_every_segment():
    class Watched(DrawnCrops):
        def __getitem__(self, batch):
            inputs, targets = super().__getitem__(batch)
            seen.setdefault(self.epoch, []).extend(inputs[:, 0].tolist())
            return inputs, targets

    seen = {}
    embeddings = np.arange(37 * 5).reshape(37, 5, 1).astype(np.float32)
    targets = np.zeros(37, np.int64)
    model = build_head(1, 2, "classification", [], seed=0)
    training = Watched(embeddings, targets, 8, seed=0)
    fit(model, "classification", training, AllCrops(embeddings, targets, 50), 1e-3, epochs=3, patience=5)
    epochs = [seen[epoch][-37:] for epoch in (1, 2, 3)]  # before that, Keras looks at a batch or two
    for values in epochs:
        assert sorted(int(value) // 5 for value in values) == list(range(37))
    assert epochs[0] != epochs[1] != epochs[2]


def test_validation_shows_all_crops_with_their_targets():
    embeddings = np.arange(5 * 3).reshape(5, 3, 1).astype(np.float32)
    batches = AllCrops(embeddings, np.arange(5), batch_size=6)
    inputs, targets = (
        np.concatenate(parts) for parts in zip(*[batches[n] for n in range(len(batches))], strict=True)
    )
    assert inputs[:, 0].tolist() == list(range(15))
    assert targets.tolist() == np.repeat(np.arange(5), 3).tolist()


def test_training_stops_after_patience_and_keeps_the_best_weights():
    # Labels that cannot be learnt: the validation accuracy never rises above that of the first epoch.
    embeddings = np.zeros((20, 2, 3), np.float32)
    targets = np.arange(20) % 2
    model = build_head(3, 2, "classification", [], seed=0)
    parts = DrawnCrops(embeddings, targets, 8, seed=0), AllCrops(embeddings, targets, 50)
    history = fit(model, "classification", *parts, learning_rate=0.01, epochs=50, patience=3)
    assert len(history) == 4


def test_labels_become_targets():
    assert encode_labels(["organ", "bass"], CLASSES, "classification").tolist() == [2, 0]
    assert encode_labels(["no vocals;loud", ""], TAGS, "tagging").tolist() == [[1, 0, 1], [0, 0, 0]]


@pytest.mark.parametrize(("label", "task"), [("kazoo", "classification"), ("loud;kazoo", "tagging")])
def test_unknown_label_is_an_error(label, task):
    with pytest.raises(DatasetError, match="label 'kazoo'"):
        encode_labels([label], CLASSES + TAGS, task)


def test_no_training_segment_is_an_error():
    with pytest.raises(TrainingError, match="no training clip"):
        DrawnCrops(np.empty((0, 3, 4), np.float32), np.empty(0), 8, seed=0)


def test_array_that_does_not_fit_its_table_is_an_error(tmp_path):
    np.save(tmp_path / "train.npy", np.zeros((3, 2, 4), np.float32))
    pd.DataFrame({"clip": ["a", "b"], "segment": 0}).to_csv(tmp_path / "train.csv", index=False)
    with pytest.raises(CacheError, match="has 3 rows"):
        open_embeddings(tmp_path / "train.npy", tmp_path / "train.csv")
    (tmp_path / "train.npy").write_bytes(b"")
    with pytest.raises(CacheError, match=r"train\.npy: damaged"):
        open_embeddings(tmp_path / "train.npy", tmp_path / "train.csv")
