"""Where minibatches come from: the device's memory where the mel cache fits into it, else the disk."""

import numpy as np
import pytest
from tiny_runs import SETTINGS, STEMS, cache_files

from mscol.errors import TrainingError
from mscol.pretraining import feeding
from mscol.pretraining.data import load_data
from mscol.pretraining.feeding import Feed, load_on_device_if_wanted


@pytest.fixture(scope="module")
def sampler(cache):
    return load_data(cache_files(cache, STEMS), cache / "clips.csv", STEMS, SETTINGS, seed=1).training


@pytest.fixture(scope="module")
def n_bytes(sampler):
    caches = [sampler.mixtures, *sampler.positives.values()]
    return sum(array.nbytes for cache in caches for array in cache.arrays)


def free(monkeypatch, n_bytes):
    """Let the device be a GPU of which so many bytes are free."""
    monkeypatch.setattr(feeding, "free_device_memory", lambda: n_bytes)


def full(monkeypatch):
    """Let the device have no room, whatever it printed, as where another program takes it meanwhile."""

    def refuse(arrays, mesh):
        raise RuntimeError("RESOURCE_EXHAUSTED: Out of memory while trying to allocate 12000 bytes.")

    monkeypatch.setattr(feeding, "load_on_device", refuse)


def test_cache_goes_to_a_gpu_of_which_half_the_free_memory_holds_it(sampler, n_bytes, monkeypatch, caplog):
    caplog.set_level("INFO")
    free(monkeypatch, 2 * n_bytes)
    assert load_on_device_if_wanted("auto", sampler) is not None
    assert "log-mels into the device's memory" in caplog.text
    free(monkeypatch, 2 * n_bytes - 1)
    assert load_on_device_if_wanted("auto", sampler) is None
    assert "Reading log-mels from disk" in caplog.text


def test_minibatches_cut_on_the_device_are_those_gathered_from_disk(sampler):
    """Of the same shapes, too: nothing in them depends on the size of the cache, so that compiled programs do not."""
    on_device = load_on_device_if_wanted("device", sampler)
    gathered, cut = (list(Feed(sampler, 2, where).batches(range(3))) for where in (None, on_device))
    for expected, found in zip(gathered, cut, strict=True):
        assert expected.keys() == found.keys()
        for name, value in expected.items():
            np.testing.assert_array_equal(found[name], value, err_msg=name, strict=True)


def test_cache_stays_on_disk_without_a_gpu_and_where_the_config_says_so(sampler, monkeypatch):
    assert load_on_device_if_wanted("auto", sampler) is None  # the machine of the tests shows none
    free(monkeypatch, 10**15)
    assert load_on_device_if_wanted("disk", sampler) is None
    assert load_on_device_if_wanted("scratch", sampler) is None


def test_full_device_falls_back_to_disk_or_says_what_to_set(sampler, monkeypatch, caplog):
    full(monkeypatch)
    free(monkeypatch, 10**15)
    assert load_on_device_if_wanted("auto", sampler) is None
    assert "did not fit into the GPU's memory" in caplog.text
    batch = next(Feed(sampler).batches([0]))
    assert np.shape(batch["anchors"]) == (sampler.n_pairs, 98, 64, 1)
    with pytest.raises(TrainingError, match="set pretraining/running/cache_on to auto"):
        load_on_device_if_wanted("device", sampler)


def test_other_errors_of_a_device_are_not_taken_for_want_of_room(sampler, monkeypatch):
    def fail(arrays, mesh):
        raise RuntimeError("INTERNAL: the driver is gone")

    monkeypatch.setattr(feeding, "load_on_device", fail)
    free(monkeypatch, 10**15)
    with pytest.raises(RuntimeError, match="the driver is gone"):
        load_on_device_if_wanted("auto", sampler)
