"""The same second in a song and in an excerpt of it: how far apart its embeddings are, by how the level is brought to that of clips."""

import json

import numpy as np
import pandas as pd
import pytest
import soundfile
from pyarrow import parquet

from mscol.__main__ import main
from mscol.embeddings import embed_file
from mscol.errors import ConfigError
from mscol.mels import CROP_FRAMES, HOP_SAMPLES, log_mel
from mscol.model import build_encoder, load_encoder, save_encoder

RATE = 16_000
WINDOW_SAMPLES = CROP_FRAMES * HOP_SAMPLES
CLIP_SECONDS = 29.124  # of MagnaTagATune
EXCERPT_SECONDS = 30


@pytest.fixture(scope="module")
def encoder_file(tmp_path_factory, songs):
    """A small encoder of random weights, whose normalisation is calibrated on clips of songs as they are trained on."""
    folder = tmp_path_factory.mktemp("encoder")
    encoder = build_encoder(0.1, 0.1, momentum=0.5)
    clips = [log_mel(song[: int(CLIP_SECONDS * RATE)]) for song in songs.values()]
    crops = np.concatenate([mel[: 29 * CROP_FRAMES].reshape(29, CROP_FRAMES, 64, 1) for mel in clips])
    for _ in range(8):
        encoder(crops, training=True)
    save_encoder(encoder, folder / "encoder.keras")
    (folder / "run.json").write_text(json.dumps({"clip_seconds": CLIP_SECONDS}))
    return folder / "encoder.keras"


@pytest.fixture(scope="module")
def embedded(encoder_file, songs, tmp_path_factory):
    """Return a function that embeds a song and excerpts of it, and says how far they are apart: a mean an excerpt."""
    folder, encoder = tmp_path_factory.mktemp("songs"), load_encoder(encoder_file)

    def distances(song, **how):
        soundfile.write(folder / "song.wav", songs[song], RATE, subtype="FLOAT")
        whole = embed_file(folder / "song.wav", encoder, **how)
        last = len(whole) - EXCERPT_SECONDS - 1
        means = []
        for first in np.linspace(0, last, 6).astype(int):  # wherever pieces of a song would begin
            samples = songs[song][first * WINDOW_SAMPLES :][: EXCERPT_SECONDS * RATE]
            soundfile.write(folder / "excerpt.wav", samples, RATE, subtype="FLOAT")
            excerpt = embed_file(folder / "excerpt.wav", encoder, **how)
            means.append(_distance(excerpt, whole[first:][: len(excerpt)]))
        return np.array(means), _distance(whole[1:], whole[:-1])

    return distances


def _distance(one, other):
    return (np.linalg.norm(one - other, axis=1) / np.linalg.norm(other, axis=1)).mean()


@pytest.mark.parametrize("song", ["monkey_shines", "northern_star", "on_the_run"])
def test_second_of_an_excerpt_embeds_as_in_the_song_unless_whole_files_are_normalised(embedded, song):
    # Of eight random encoders: less than a fortieth of the step to the next second, and a fifteenth of what normalising
    # whole files makes of it. Of a trained one 0.06 at most (docs/benchmarks.md#normalisation).
    around, neighbours = embedded(song)
    whole, _ = embedded(song, normalise="file")
    assert around.max() < neighbours / 20
    assert whole.max() > 8 * around.max()


def test_clip_of_the_trained_length_is_divided_by_the_norm_of_the_whole(encoder_file, songs, tmp_path):
    encoder = load_encoder(encoder_file)
    assert encoder.clip_seconds == CLIP_SECONDS
    soundfile.write(
        tmp_path / "clip.wav", songs["on_the_run"][: int(CLIP_SECONDS * RATE)], RATE, subtype="FLOAT"
    )
    by_default, by_file = (
        embed_file(tmp_path / "clip.wav", encoder, normalise) for normalise in (None, "file")
    )
    np.testing.assert_array_equal(by_default, by_file)


def test_command_says_and_notes_to_what_level(encoder_file, songs, tmp_path, caplog):
    soundfile.write(tmp_path / "song.wav", songs["monkey_shines"], RATE)
    tables = {}
    for number, options in enumerate(([], ["--normalise", "10"], ["--normalise", "file"])):
        out = tmp_path / f"{number}.parquet"
        with caplog.at_level("INFO"):
            command = ["embed", tmp_path / "song.wav", "--encoder", encoder_file.parent, "-o", out, *options]
            assert main([*map(str, command), "--threads", "1"]) == 0
        tables[parquet.read_schema(out).metadata[b"normalise"]] = np.stack(pd.read_parquet(out)["embedding"])
    assert list(tables) == [b"29.124", b"10", b"file"]
    np.testing.assert_allclose(
        tables[b"10"], embed_file(tmp_path / "song.wav", load_encoder(encoder_file), 10), atol=1e-5
    )
    assert "Files longer than 29.124 s are scaled to the level of clips of 29.124 s" in caplog.text
    assert "trained on clips of 29.124 s, so longer files sound quieter to it" in caplog.text


def test_encoder_that_does_not_say_gets_whole_files_and_a_warning(encoder_file, songs, tmp_path, caplog):
    (tmp_path / "encoder.keras").write_bytes(encoder_file.read_bytes())
    soundfile.write(tmp_path / "clip.wav", songs["monkey_shines"][: 2 * RATE], RATE)
    command = ["embed", tmp_path / "clip.wav", "--encoder", tmp_path, "-o", tmp_path / "out.csv"]
    assert main([*map(str, command), "--threads", "1"]) == 0
    assert "is unknown (no run.json next to it gives it)" in caplog.text


def test_what_is_no_length_is_reported(encoder_file):
    with pytest.raises(ConfigError, match="normalise: 'whole' is not valid. Use 'file' or a number"):
        embed_file("song.wav", load_encoder(encoder_file), "whole")
