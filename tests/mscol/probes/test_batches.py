import numpy as np
import pytest

from mscol.errors import TrainingError
from mscol.probes.batches import AllEmbeddings, DrawnCrops
from mscol.probes.heads import build_head, fit


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
    watched = AllEmbeddings(embeddings, targets, 50)
    settings = {"learning_rate": 1e-3, "epochs": 3, "patience": 5}
    fit(model, "classification", training, watched, settings)
    epochs = [seen[epoch][-37:] for epoch in (1, 2, 3)]  # before that, Keras looks at a batch or two
    for values in epochs:
        assert sorted(int(value) // 5 for value in values) == list(range(37))
    assert epochs[0] != epochs[1] != epochs[2]


def test_validation_shows_all_crops_with_their_targets():
    embeddings = np.arange(5 * 3).reshape(5, 3, 1).astype(np.float32)
    batches = AllEmbeddings(embeddings, np.arange(5), batch_size=6)
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
    parts = DrawnCrops(embeddings, targets, 8, seed=0), AllEmbeddings(embeddings, targets, 50)
    history = fit(model, "classification", *parts, {"learning_rate": 0.01, "epochs": 50, "patience": 3})
    assert len(history) == 4


def test_no_training_segment_is_an_error():
    with pytest.raises(TrainingError, match="no training clip"):
        DrawnCrops(np.empty((0, 3, 4), np.float32), np.empty(0), 8, seed=0)
