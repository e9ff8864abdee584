"""Songs: silence, levels and the truth of tags, measured on the rendered sound."""

from pathlib import Path

import numpy as np
import pytest

from mscol.config.effective import effective_config
from mscol.datasets import fma, mtat, nsynth
from mscol.synthesis import fma_layout, mtat_layout, nsynth_layout
from mscol.synthesis.composition import STEMS, compose
from mscol.synthesis.instruments import MALE, RECIPES, draw_instrument
from mscol.synthesis.mtat_layout import TAGS, tags_of
from mscol.synthesis.rendering import PEAK, render
from mscol.synthesis.sounds import generator, hertz
from mscol.synthesis.styles import STYLES

WORKFLOW = Path(__file__).parents[3]
RATE = 16_000


@pytest.fixture(scope="module")
def songs():
    """One song of each style with its stems over 16 s."""
    found = {}
    for number, style in enumerate(STYLES):
        song = compose(style, 20, 0, "test", number)
        found[style] = song, render(song, 0, 16, RATE, channels=1)
    return found


def test_active_segments_are_many_and_silent_ones_exist(songs):
    means = {
        stem: np.concatenate([np.abs(stems[stem]).reshape(4, -1).mean(axis=1) for _, stems in songs.values()])
        for stem in STEMS
    }
    for stem, mean in means.items():
        assert 0.25 < np.mean(mean > 0.01) < 0.95, stem
        assert (mean < 1e-4).any(), stem


def test_stems_are_finite_and_mixture_does_not_clip(songs):
    for _, stems in songs.values():
        mixture = sum(stems.values())
        assert np.isfinite(mixture).all() and 0.01 < np.abs(mixture).max() <= PEAK + 1e-4


def test_tags_are_official_and_true_of_stems(songs):
    for song, stems in songs.values():
        tags = tags_of(song, 0, 16, level_db=-20)
        assert tags <= set(TAGS)
        heard = {stem: np.abs(stems[stem]).mean() > 0 for stem in STEMS}
        assert heard["drums"] or not tags & {"drums", "beat", "beats"}
        assert heard["vocals"] or not tags & {"vocal", "vocals", "voice", "singing", *MALE}
        assert not (heard["vocals"] and "no vocals" in tags)
        assert ("fast" in tags) == (song.tempo >= 120) and ("slow" in tags) == (song.tempo <= 80)


def test_level_decides_between_loud_and_quiet(songs):
    song, _ = songs["rock"]
    assert "loud" in tags_of(song, 0, 16, level_db=-12) and "quiet" in tags_of(song, 0, 16, level_db=-30)


def test_bass_and_other_share_one_scale():
    song = compose("pop", 30, 3, "test")
    pitches = {note[2] % 12 for stem in ("bass", "other") for part in song.parts[stem] for note in part.notes}
    assert len(pitches) <= 7


@pytest.mark.parametrize("name", RECIPES)
def test_note_has_its_pitch(name):
    instrument = draw_instrument(name, generator(0, name))
    midi = (instrument.low + instrument.high) // 2
    sound = instrument.note(midi, 1.0, 0.8, RATE, generator(1))
    assert np.isfinite(sound).all() and 0.5 < np.abs(sound).max() <= 1
    spectrum = np.abs(np.fft.rfft(sound * np.hanning(len(sound))))
    hz = np.fft.rfftfreq(len(sound), 1 / RATE)
    # The fundamental may be weak, but is there: stronger than what lies half-way to the octave.
    at = [spectrum[np.abs(hz / (hertz(midi) * ratio) - 1) < 0.03].max() for ratio in (1.0, 1.35)]
    assert at[0] > at[1]


def test_sum_of_stems_is_mixture(songs):
    for song, stems in songs.values():
        mixture = render(song, 0, 16, RATE, channels=1, mix=True)["mixture"]
        assert np.allclose(sum(stems.values()), mixture, atol=1e-4)


def test_demo_teaches_and_asks_for_every_class():
    demo = effective_config({}, WORKFLOW / "presets", WORKFLOW / "schemas" / "config.schema.yaml")["demo"]
    seed, sizes = demo["seed"], demo["sizes"]
    for split in ("train", "test"):
        tags = set()
        for clip in mtat_layout.plan(split, sizes, seed):
            if clip.style in STYLES:
                song = clip.compose()
                tags |= tags_of(song, clip.start_seconds, mtat_layout.SECONDS, song.level_db)
        assert set(mtat.LABELS) <= tags
        genres = [STYLES[clip.style].genre for clip in fma_layout.plan(split, sizes, seed)]
        assert set(genres) == set(fma.LABELS)
        families = {RECIPES[note.player.name].family for note in nsynth_layout.plan(split, sizes, seed)}
        assert set(nsynth.LABELS) - families == (set() if split == "train" else {"synth_lead"})
