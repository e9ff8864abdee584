"""A few seconds of music-like sound, a tiny separator in the package's own format, and a shard of clips."""

import numpy as np
import pandas as pd
import pytest
import soundfile
import torch

from mscol.separation import STEMS
from mscol.separation.description import describe_separator
from mscol.separation.training import train_target

RATE = 44_100


@pytest.fixture(scope="session")
def tiny_settings():
    """The smallest network that still goes through every part of training."""
    return {
        "hidden_size": 8, "nfft": 1024, "nhop": 256, "nb_channels": 2, "bandwidth_hz": 8000, "updates": 6,
        "batch_size": 4, "sequence_seconds": 0.5, "learning_rate": 0.01,
    }  # fmt: skip


def _make_stems(seed, seconds=2.0):
    """Four stems that differ in what they hold, at 44.1 kHz stereo, by name."""
    rng = np.random.default_rng(seed)
    time = np.arange(round(seconds * RATE)) / RATE
    clicks = np.exp(-40 * (time % 0.25))
    mono = {
        "bass": np.sin(2 * np.pi * 80 * time),
        "drums": rng.standard_normal(len(time)) * clicks,
        "other": np.sign(np.sin(2 * np.pi * 330 * time)),
        "vocals": np.sin(2 * np.pi * 700 * time + 3 * np.sin(2 * np.pi * 5 * time)),
    }
    pans = {"bass": 0.5, "drums": 0.4, "other": 0.8, "vocals": 0.3}
    return {
        stem: (0.1 * mono[stem][:, None] * [pans[stem], 1 - pans[stem]]).astype(np.float32) for stem in STEMS
    }


def _write_song(folder, stems):
    """Write stems, and their sum as the mixture, as 16-bit wav."""
    folder.mkdir(parents=True)
    for name, waveform in {**stems, "mixture": sum(stems.values())}.items():
        soundfile.write(folder / f"{name}.wav", waveform, RATE, subtype="PCM_16")


@pytest.fixture(scope="session")
def make_stems():
    """Return a function of a seed (and seconds) that makes four stems by name, 44.1 kHz stereo."""
    return _make_stems


@pytest.fixture(scope="session")
def write_song():
    """Return a function that writes stems and their sum into a new folder."""
    return _write_song


@pytest.fixture(scope="session")
def songs(tmp_path_factory):
    """Multitrack songs as the embedded datasets keep them: train/{song}/{stem}.wav, test/..."""
    root = tmp_path_factory.mktemp("stems")
    for number in range(3):
        _write_song(root / "train" / f"{number:03d}", _make_stems(number))
    _write_song(root / "test" / "000", _make_stems(10))
    _write_song(root / "test" / "001", _make_stems(11) | {"drums": np.zeros((2 * RATE, 2), np.float32)})
    return root


@pytest.fixture(scope="session")
def separator_folder(songs, tiny_settings, tmp_path_factory):
    """A separator of four tiny networks, trained for a few updates."""
    folder = tmp_path_factory.mktemp("separators") / "tiny"
    describe_separator(folder / "separator.json", tiny_settings)
    for target in STEMS:
        train_target(songs, target, folder / f"{target}.pth", folder / f"{target}.json", tiny_settings)
    return folder


@pytest.fixture
def one_thread():
    """Compute on one thread, and keep torch's number of threads what it was."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture
def write_manifest(tmp_path):
    """Return a function that writes a shard's manifest of (id, path[, split[, duration]]) rows."""

    def write(*rows):
        table = [(*row, *("train", 2.0)[len(row) - 2 :]) for row in rows]
        path = tmp_path / "shard.csv"
        pd.DataFrame(table, columns=["id", "path", "split", "duration"]).to_csv(path, index=False)
        return path

    return write
