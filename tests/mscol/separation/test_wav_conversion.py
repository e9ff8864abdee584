"""wav conversion of a shard."""

import numpy as np
import pandas as pd
import pytest
import soundfile

from mscol.separation.conversion import convert_shard

TONE_HZ = 440


def tone(rate, channels, seconds=2.0):
    """A sine with a different level in each channel."""
    time = np.arange(round(seconds * rate)) / rate
    return 0.5 * np.sin(2 * np.pi * TONE_HZ * time)[:, None] / np.arange(1, channels + 1)


def convert(tmp_path, manifest, workers=2):
    convert_shard(
        manifest, tmp_path / "root", tmp_path / "out" / "audio", tmp_path / "out" / "rejected.csv", workers
    )
    return tmp_path / "out" / "audio", pd.read_csv(tmp_path / "out" / "rejected.csv", dtype=str)


@pytest.mark.parametrize(
    ("name", "rate", "channels", "options"),
    [
        ("mono.mp3", 16_000, 1, {}),
        ("stereo.mp3", 44_100, 2, {}),
        ("stereo.ogg", 48_000, 2, {}),
        ("mono.flac", 22_050, 1, {}),
        ("8bit.wav", 11_025, 1, {"subtype": "PCM_U8"}),
        ("24bit.wav", 96_000, 2, {"subtype": "PCM_24"}),
        ("six.wav", 44_100, 6, {"subtype": "FLOAT"}),
    ],
)
def test_any_format_becomes_mono_or_stereo_at_44100_hz(
    tmp_path, write_manifest, name, rate, channels, options
):
    (tmp_path / "root").mkdir()
    soundfile.write(tmp_path / "root" / name, tone(rate, channels), rate, **options)
    folder, rejected = convert(tmp_path, write_manifest(("clip", name)))
    waveform, out_rate = soundfile.read(folder / "clip.wav", always_2d=True)
    assert rejected.empty
    assert out_rate == 44_100
    assert soundfile.info(folder / "clip.wav").subtype == "FLOAT"
    assert waveform.shape[1] == min(channels, 2)
    levels = 0.5 / np.arange(1, channels + 1)
    if channels > 2:  # left and right, and of the others as much in both
        levels = (2 * levels[:2] + levels[2:].sum()) / channels
    assert len(waveform) == pytest.approx(2 * 44_100, abs=2500)  # mp3 pads
    middle = waveform[22_050:66_150, 0]
    assert np.argmax(np.abs(np.fft.rfft(middle))) == TONE_HZ  # a second long: bins of 1 Hz
    assert np.abs(middle).max() == pytest.approx(levels[0], abs=0.03)
    assert np.abs(waveform[22_050:66_150, -1]).max() == pytest.approx(levels[-1], abs=0.03)


def test_two_equal_channels_become_one(tmp_path, write_manifest):
    (tmp_path / "root").mkdir()
    soundfile.write(tmp_path / "root" / "dual.flac", np.repeat(tone(44_100, 1), 2, axis=1), 44_100)
    folder, _ = convert(tmp_path, write_manifest(("clip", "dual.flac")))
    assert soundfile.info(folder / "clip.wav").channels == 1


def test_only_training_and_validation_clips_are_converted(tmp_path, write_manifest):
    (tmp_path / "root").mkdir()
    soundfile.write(tmp_path / "root" / "a.wav", tone(16_000, 1), 16_000)
    rows = [(split, "a.wav", split) for split in ("train", "validation", "test")]
    folder, _ = convert(tmp_path, write_manifest(*rows))
    assert sorted(file.name for file in folder.iterdir()) == ["train.wav", "validation.wav"]


def test_a_broken_clip_costs_only_itself(tmp_path, write_manifest):
    root = tmp_path / "root"
    root.mkdir()
    soundfile.write(root / "good.wav", tone(16_000, 1), 16_000)
    soundfile.write(root / "short.wav", tone(16_000, 1)[:15_919], 16_000)
    soundfile.write(root / "just long enough.wav", tone(16_000, 1)[:15_920], 16_000)
    (root / "text.mp3").write_text("not music")
    (root / "empty.mp3").touch()
    soundfile.write(root / "inverted.wav", tone(16_000, 1) * [1, -1], 16_000)
    names = [
        "empty.mp3",
        "good.wav",
        "inverted.wav",
        "just long enough.wav",
        "missing.mp3",
        "short.wav",
        "text.mp3",
    ]
    folder, rejected = convert(tmp_path, write_manifest(*((name, name) for name in names)))
    assert sorted(file.name for file in folder.iterdir()) == ["good.wav.wav", "just long enough.wav.wav"]
    assert list(rejected["id"]) == ["empty.mp3", "inverted.wav", "missing.mp3", "short.wav", "text.mp3"]
    assert "its channels cancel each other" in rejected["reason"][1]
    assert "15919 samples" in rejected["reason"][3]


def test_ids_may_be_nested_and_hold_spaces_quotes_and_other_letters(tmp_path, write_manifest):
    root = tmp_path / "root"
    ids = ["0/é ü", '3/it\'s "so"', "000002", "NA", "a,b"]
    root.mkdir()
    soundfile.write(root / "Ørsted's.wav", tone(16_000, 1), 16_000)
    folder, rejected = convert(tmp_path, write_manifest(*((name, "Ørsted's.wav") for name in ids)))
    assert rejected.empty
    assert all((folder / f"{name}.wav").is_file() for name in ids)


@pytest.mark.parametrize("name", ["../escaped", "/tmp/escaped"])
def test_an_id_that_leaves_the_folder_is_rejected(tmp_path, write_manifest, name):
    (tmp_path / "root").mkdir()
    soundfile.write(tmp_path / "root" / "a.wav", tone(16_000, 1), 16_000)
    _, rejected = convert(tmp_path, write_manifest((name, "a.wav")))
    assert "the clip id leads outside its folder" in rejected["reason"][0]
    assert not list(tmp_path.rglob("escaped*"))


def test_an_empty_shard_makes_an_empty_folder(tmp_path, write_manifest):
    folder, rejected = convert(tmp_path, write_manifest())
    assert folder.is_dir() and not list(folder.iterdir())
    assert list(rejected.columns) == ["id", "path", "reason"] and rejected.empty
