"""Excerpts that the page plays: which, how long, how many, and that they decode to what they were."""

import base64
import io

import numpy as np
import pandas as pd
import pytest
import soundfile

from mscol.io.files import read_json, write_csv, write_json
from mscol.overview.excerpts import COARSE, FINE, cut, cut_excerpts, encode
from mscol.overview.stems import brought, code_excerpt
from mscol.separation import STEMS


def _decoded(coded):
    waveform, rate = soundfile.read(io.BytesIO(base64.b64decode(coded)))
    assert rate == 16_000
    return waveform


def _tone(hz, seconds, rate=16_000):
    return np.sin(2 * np.pi * hz * np.arange(round(seconds * rate)) / rate).astype(np.float32)


@pytest.mark.parametrize(("level", "kilobits"), [(COARSE, 24), (FINE, 40)])
def test_excerpt_decodes_to_what_it_was(level, kilobits):
    waveform = 0.5 * _tone(440, 3) + 0.3 * _tone(1330, 3)
    coded = encode(waveform, level)
    decoded = _decoded(coded)
    assert len(decoded) == pytest.approx(len(waveform), abs=2 * 1152)
    assert len(coded) * 0.75 * 8 / 3000 == pytest.approx(kilobits, rel=0.1)
    part = waveform[16_000:24_000]
    heard = [
        decoded[16_000 + delay : 24_000 + delay] for delay in range(-1200, 1200, 2)
    ]  # coders add some samples
    assert max(part @ other / np.linalg.norm(part) / np.linalg.norm(other) for other in heard) > 0.95


def test_short_clips_are_heard_from_their_attack_and_long_ones_in_the_middle():
    note, song = np.zeros(4 * 16_000, np.float32), np.zeros(60 * 16_000, np.float32)
    note[100], song[30 * 16_000] = 0.2, -0.01
    assert cut(note)[100] == pytest.approx(0.9) and cut(song)[24_000] == pytest.approx(-0.9)
    assert len(cut(note)) == len(cut(song)) == 48_000
    assert not cut(np.zeros(16_000, np.float32)).any()


def test_excerpts_keep_within_their_room_and_a_broken_clip_costs_only_itself(tmp_path):
    rows = []
    for number in range(12):
        soundfile.write(tmp_path / f"{number}.wav", _tone(200 + 50 * number, 3.5), 16_000)
        rows.append((f"clip {number}", f"{number}.wav", "test", "ab"[number % 2]))
    (tmp_path / "3.wav").write_bytes(b"broken")
    rows += [("train", "0.wav", "train", "a")]
    write_csv(pd.DataFrame(rows, columns=["id", "path", "split", "labels"]), tmp_path / "clips.csv")
    one = len(encode(cut(_tone(440, 3.5))))
    cut_excerpts(tmp_path / "clips.csv", tmp_path, 5.5 * one, tmp_path / "some.json")
    some = read_json(tmp_path / "some.json")
    assert len(some) == 5 and sum(map(len, some.values())) <= 5.5 * one
    cut_excerpts(tmp_path / "clips.csv", tmp_path, 100 * one, tmp_path / "all.json")
    every = read_json(tmp_path / "all.json")
    assert set(every) == {f"clip {number}" for number in range(12)} - {"clip 3"}
    assert {clip: every[clip] for clip in some} == some


def test_stems_that_a_dataset_brings_are_cut_where_the_mixture_is(tmp_path):
    rate, seconds = 44_100, 40.0
    stems = {
        stem: np.stack([0.2 * _tone(hz, seconds, rate)] * 2, axis=1)
        for stem, hz in zip(STEMS, (110, 220, 440, 880), strict=True)
    }
    for waveform in stems.values():
        waveform[: 25 * rate] = 0
    (tmp_path / "stems" / "song").mkdir(parents=True)
    for stem, waveform in stems.items():
        soundfile.write(tmp_path / "stems" / "song" / f"{stem}.wav", waveform, rate)
    soundfile.write(tmp_path / "song.wav", sum(stems.values()), rate)
    write_csv(
        pd.DataFrame({"id": ["song"], "path": ["song.wav"], "split": ["train"]}), tmp_path / "clips.csv"
    )
    write_json({"clip": "song", "start": 23.0, "seconds": 4.0}, tmp_path / "excerpt.json")
    out = tmp_path / "sounds.json"
    code_excerpt(
        tmp_path / "excerpt.json", tmp_path / "clips.csv", tmp_path, brought(tmp_path / "stems"), out
    )
    sounds = {name: _decoded(coded) for name, coded in read_json(out).items()}
    assert set(sounds) == {"mixture", *STEMS}
    for waveform in sounds.values():
        assert len(waveform) == pytest.approx(64_000, abs=2 * 1152)
        assert np.abs(waveform[:28_000]).max() < 0.02 < 0.15 < np.abs(waveform[36_000:60_000]).max()
    assert 0.8 < np.abs(sounds["mixture"]).max() <= 1.0
    total = sum(np.square(sounds[stem]).sum() for stem in STEMS)  # tones of different pitch
    assert total == pytest.approx(np.square(sounds["mixture"]).sum(), rel=0.05)
