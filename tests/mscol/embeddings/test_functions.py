import sys

import numpy as np
import pandas as pd
import pytest
import soundfile

from mscol.embeddings.baselines import mfcc
from mscol.embeddings.functions import draw_windows, embed_test_waveforms, embed_waveforms
from mscol.errors import TrainingError
from mscol.jobs.callables import load_callable

RATE = 16_000
SECONDS = {"a": 9.0, "b": 4.0, "c": 1.2, "d": 3.1}
CLIPS = pd.DataFrame(
    {
        "id": ["d", "c", "b", "a", "gone"],
        "path": ["d.wav", "c.wav", "b.wav", "a.wav", "gone.wav"],
        "split": ["test", "validation", "train", "train", "test"],
    }
)


def loudness(waveform):
    """A small encoder: mean magnitude and number of samples of each half second."""
    halves = waveform[: len(waveform) // 8000 * 8000].reshape(-1, 8000)
    return np.stack([np.abs(halves).mean(axis=1), np.arange(len(halves))], axis=1)


@pytest.fixture
def music(tmp_path):
    """Clips that get louder, and the table of a mel cache that holds them."""
    for name, seconds in SECONDS.items():
        n_samples = int(seconds * RATE)
        tone = np.sin(np.arange(n_samples) / 10) * np.linspace(0, 0.5, n_samples)
        soundfile.write(tmp_path / f"{name}.wav", tone, RATE)
    n_frames = [1 + (int(seconds * RATE) - 400) // 160 for seconds in SECONDS.values()]
    return pd.DataFrame({"clip": list(SECONDS), "first_frame": 0, "n_frames": n_frames})


def embed(function, cached, folder, seed=1, workers=1):
    out = folder / "out"
    arrays = {split: out / f"{split}.npy" for split in ("train", "validation", "test")}
    indices = {split: out / f"{split}.csv" for split in arrays}
    embed_waveforms(
        function, cached, CLIPS, folder, arrays, indices, seed, crops_per_segment=3, workers=workers
    )
    read = {split: np.load(path, allow_pickle=False) for split, path in arrays.items()}
    return read, {split: pd.read_csv(path) for split, path in indices.items()}


def test_test_clips_are_heard_as_they_were_transformed(music, tmp_path):
    arrays, indices = embed(loudness, music, tmp_path)
    paths = tmp_path / "louder.npy", tmp_path / "louder.csv"
    heard = []

    def louder(waveform, clip):
        heard.append(clip)
        return 2 * waveform

    embed_test_waveforms(loudness, music, CLIPS, tmp_path, *paths, workers=1, transform=louder)
    assert heard == ["d"]
    np.testing.assert_allclose(np.load(paths[0])[:, 0], 2 * arrays["test"][:, 0], rtol=1e-5)
    pd.testing.assert_frame_equal(pd.read_csv(paths[1]), indices["test"])


def test_windows_are_shared_out_over_the_segments_of_the_method(music, tmp_path):
    arrays, indices = embed(loudness, music, tmp_path)
    assert indices["train"].to_numpy().tolist() == [["a", 0], ["a", 1], ["b", 0]]
    assert {split: array.shape for split, array in arrays.items()} == {
        "train": (3, 3, 2), "validation": (1, 3, 2), "test": (6, 2),
    }  # fmt: skip
    first, second, _ = arrays["train"][..., 1]
    assert first.max() < 9 <= second.min() and second.max() < 18  # half seconds 0 to 8, and 9 to 17
    assert indices["test"].to_numpy().tolist() == [["d", 0, 6]]
    assert (np.diff(arrays["test"][:, 0]) > 0).all()


def test_seed_alone_decides_what_is_drawn(music, tmp_path):
    one, _ = embed(loudness, music, tmp_path)
    again, _ = embed(loudness, music.iloc[::-1], tmp_path, workers=3)
    other, _ = embed(loudness, music, tmp_path, seed=2)
    np.testing.assert_array_equal(one["train"], again["train"])
    assert (one["train"] != other["train"]).any()
    np.testing.assert_array_equal(one["test"], other["test"])


def test_one_window_a_clip_is_one_segment(music, tmp_path):
    arrays, indices = embed(lambda waveform: np.ones((1, 4)), music, tmp_path)
    assert arrays["train"].shape == (2, 3, 4) and indices["train"]["clip"].tolist() == ["a", "b"]


@pytest.mark.parametrize("n_windows", [1, 2, 7, 29, 40])
def test_every_window_of_a_clip_belongs_to_one_segment(n_windows):
    windows = np.arange(n_windows)[:, None]
    drawn = draw_windows(windows, 7, 40, np.random.default_rng(0))
    assert len(drawn) == min(7, n_windows)
    segments = [set(segment.ravel()) for segment in drawn]
    assert set().union(*segments) == set(range(n_windows))
    assert sum(map(len, segments)) == n_windows


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (lambda waveform: 1 / 0, r"a\.wav: the encoder's function failed on this file \(ZeroDivisionError"),
        (
            lambda waveform: sys.exit("no licence"),
            r"a\.wav: .* failed on this file \(SystemExit\('no licence'\)\)",
        ),
        (
            lambda waveform: {"a": waveform},
            r"a\.wav: .* returned a dict, not an array of numbers",
        ),
        (lambda waveform: np.ones(3), r"a\.wav: .* shape \(3,\). It must return finite values"),
        (lambda waveform: np.full((2, 2), np.nan), r"a\.wav: .* finite values of shape \(windows, values\)"),
        (
            lambda waveform: np.ones((2, len(waveform) // RATE)),
            r"b\.wav: .* 4 values per window, but 9 for",
        ),
    ],
)
def test_what_a_function_does_wrong_is_named_with_the_clip(music, tmp_path, function, message):
    with pytest.raises(TrainingError, match=message):
        embed(function, music, tmp_path)


THEIRS = """\
import numpy

def embed(waveform):
    try:
        return load(waveform)
    except KeyError as error:
        raise ValueError("no weights") from error

def load(waveform):
    return {}["weights"]
"""


@pytest.mark.parametrize("workers", [1, 2])
def test_error_in_a_function_comes_with_the_lines_of_its_file_and_no_others(music, tmp_path, workers):
    (tmp_path / "theirs.py").write_text(THEIRS)
    function = load_callable(f"{tmp_path}/theirs.py:embed")
    with pytest.raises(TrainingError) as raised:
        embed(function, music, tmp_path, workers=workers)
    sentence, *trace = str(raised.value).splitlines()
    assert sentence.endswith("a.wav: the encoder's function failed on this file (ValueError('no weights')):")
    files = [line.strip() for line in trace if line.startswith("  File")]
    assert files == [
        f'File "{tmp_path}/theirs.py", line {line}' for line in ("5, in embed", "10, in load", "7, in embed")
    ]
    assert trace[-1] == "ValueError: no weights" and "KeyError: 'weights'" in trace


def test_mfcc_describes_each_second():
    generator = np.random.default_rng(0)
    noise = generator.normal(size=3 * RATE).astype(np.float32)
    tone = np.sin(np.arange(3 * RATE) / 3).astype(np.float32)
    values = mfcc(np.concatenate([noise, tone]))
    assert values.shape == (6, 120) and values.dtype == np.float32 and np.isfinite(values).all()
    within = np.abs(values[0] - values[1]).mean()
    assert np.abs(values[0] - values[4]).mean() > 3 * within
    assert mfcc(noise[:15_920]).shape == (1, 120)
    assert np.isfinite(mfcc(np.zeros(RATE, np.float32))).all()
