"""Decoding: every format and width that libsndfile knows, and errors that name the file."""

import errno

import numpy as np
import pytest
import soundfile

from mscol.errors import AudioError, DiskError
from mscol.io.audio import (
    decode,
    load_mixture,
    load_mono,
    load_stereo,
    probe,
    read_header,
    resample,
    write_wav,
)
from mscol.io.lengths import measure

RATE = 44_100


@pytest.fixture
def tone():
    """Two seconds of 440 Hz in two channels, the second at half the level."""
    seconds = np.arange(2 * RATE) / RATE
    return (0.5 * np.sin(2 * np.pi * 440 * seconds)[:, None] * [1.0, 0.5]).astype(np.float32)


@pytest.mark.parametrize(
    ("suffix", "subtype"),
    [
        ("wav", "PCM_U8"),
        ("wav", "PCM_24"),
        ("wav", "FLOAT"),
        ("flac", "PCM_16"),
        ("ogg", "VORBIS"),
        ("mp3", None),
    ],
)
def test_any_format_gives_the_same_mono(tmp_path, tone, suffix, subtype):
    path = tmp_path / f"näme with 'quotes'.{suffix}"
    soundfile.write(path, tone, RATE, subtype=subtype)
    assert probe(path) == pytest.approx(2.0, abs=0.1)
    mono = load_mono(path)
    expected = resample(tone.mean(axis=1), RATE, 16_000)
    middle = slice(8_000, 24_000)  # away from the edges, where lossy formats ring
    np.testing.assert_allclose(mono[middle], expected[middle], atol=0.03)
    assert mono.dtype == np.float32


def test_stereo_doubles_mono(tmp_path, tone):
    soundfile.write(tmp_path / "mono.wav", tone[:, 0], RATE, subtype="FLOAT")
    np.testing.assert_array_equal(load_stereo(tmp_path / "mono.wav"), tone[:, [0, 0]])


@pytest.mark.parametrize("n_channels", [2, 3, 4, 6, 8])
def test_mean_of_stereo_is_mono_whatever_the_number_of_channels(tmp_path, n_channels):
    channels = np.random.default_rng(0).normal(0, 0.1, (2 * RATE, n_channels)).astype(np.float32)
    soundfile.write(tmp_path / "x.wav", channels, RATE, subtype="FLOAT")
    stereo = load_stereo(tmp_path / "x.wav")
    np.testing.assert_allclose(stereo.mean(axis=1), channels.mean(axis=1), atol=1e-7)
    np.testing.assert_allclose(load_mono(tmp_path / "x.wav", RATE), channels.mean(axis=1), atol=1e-7)
    difference = (channels[:, 0] - channels[:, 1]) * 2 / n_channels
    np.testing.assert_allclose(stereo[:, 0] - stereo[:, 1], difference, atol=1e-6)  # left and right stay


def test_sine_in_the_centre_of_six_channels_is_in_mixture_and_stereo(tmp_path, tone):
    noise = np.random.default_rng(0).normal(0, 0.003, (len(tone), 6))
    noise[:, 2] += tone[:, 0]
    soundfile.write(tmp_path / "5.1.wav", noise, RATE, subtype="FLOAT")
    for heard in (load_mono(tmp_path / "5.1.wav", RATE), *load_stereo(tmp_path / "5.1.wav").T):
        assert np.corrcoef(heard, tone[:, 0])[0, 1] > 0.99


@pytest.mark.parametrize("suffix", ["wav", "mp3", "flac"])
def test_mixture_whose_channels_cancel_is_refused(tmp_path, tone, suffix):
    path = tmp_path / f"inverted.{suffix}"
    soundfile.write(path, tone[:, [0, 0]] * [1, -1], RATE)
    with pytest.raises(AudioError, match=rf"{suffix}: silent as a mixture .its channels cancel each other"):
        load_mixture(path)
    soundfile.write(path, tone[:, [0, 0]] * [1, -0.9], RATE)
    assert np.abs(load_mixture(path)).max() > 0.01


def test_silent_mixture_is_none_whose_channels_cancel(tmp_path):
    soundfile.write(tmp_path / "silence.wav", np.zeros((RATE, 2)), RATE)
    assert not load_mixture(tmp_path / "silence.wav").any()


def test_written_wav_is_not_clipped(tmp_path, tone):
    write_wav(tmp_path / "loud.wav", 4 * tone, RATE)
    np.testing.assert_array_equal(decode(tmp_path / "loud.wav")[0], 4 * tone)


def test_resampling_keeps_a_tone(tone):
    there_and_back = resample(resample(tone[:, 0], RATE, 16_000), 16_000, RATE)
    middle = slice(RATE // 2, RATE)
    np.testing.assert_allclose(there_and_back[middle], tone[middle, 0], atol=1e-3)


def test_missing_empty_and_foreign_files_are_named(tmp_path):
    (tmp_path / "empty.mp3").touch()
    (tmp_path / "text.wav").write_text("no music")
    for name, reason in (
        ("gone.mp3", "no such file"),
        ("empty.mp3", "0 bytes"),
        ("text.wav", "not an audio file"),
    ):
        with pytest.raises(AudioError, match=rf"{name}: .*{reason}"):
            probe(tmp_path / name)
        with pytest.raises(AudioError, match=name):
            decode(tmp_path / name)


@pytest.mark.parametrize("read", [probe, decode, measure])
def test_file_that_the_file_system_does_not_give_is_not_taken_for_broken(tmp_path, tone, read, monkeypatch):
    path = tmp_path / "tone.wav"
    write_wav(path, tone, RATE)

    def hang_up(*_):
        raise OSError(errno.ESTALE, "Stale file handle")

    monkeypatch.setattr("mscol.io.audio.open_sound", hang_up)
    with pytest.raises(DiskError, match=r"tone\.wav: cannot be read \(Stale file handle\)\. Run again"):
        read(path)


def test_samples_that_are_not_finite_are_refused(tmp_path):
    soundfile.write(tmp_path / "nan.wav", np.full(100, np.nan, np.float32), RATE, subtype="FLOAT")
    with pytest.raises(AudioError, match=r"nan\.wav: contains samples that are not finite"):
        decode(tmp_path / "nan.wav")


def test_file_without_samples_is_refused(tmp_path):
    soundfile.write(tmp_path / "none.wav", np.zeros(0, np.float32), RATE)
    with pytest.raises(AudioError, match="contains no audio"):
        decode(tmp_path / "none.wav")


def test_header_that_promises_more_than_memory_holds_is_an_error(tmp_path):
    path = tmp_path / "lies.flac"
    soundfile.write(path, np.zeros(50_000), 16_000)
    whole = bytearray(path.read_bytes())
    whole[21] |= 0x0F  # the 36 bits of the number of samples begin here
    whole[22:26] = b"\xff\xff\xff\xff"
    path.write_bytes(whole)
    with pytest.raises(AudioError, match=r"lies\.flac: (needs more memory than available|cannot be decoded)"):
        decode(path)


def test_flac_that_does_not_say_how_long_it_is_is_named(tmp_path):
    soundfile.write(tmp_path / "streamed.flac", np.zeros(50_000), 16_000)
    whole = bytearray((tmp_path / "streamed.flac").read_bytes())
    whole[21] &= 0xF0
    whole[22:26] = bytes(4)
    (tmp_path / "streamed.flac").write_bytes(whole)
    for read in (probe, read_header, decode):
        with pytest.raises(AudioError, match=r"streamed\.flac: its header lacks the length.*ffmpeg"):
            read(tmp_path / "streamed.flac")


def test_samples_without_a_header_are_no_audio_file(tmp_path):
    (tmp_path / "take1.raw").write_bytes(bytes(4000))
    for read in (probe, decode):
        with pytest.raises(AudioError, match=r"take1\.raw: "):
            read(tmp_path / "take1.raw")


@pytest.mark.parametrize("suffix", ["mp3", "wav", "ogg", "flac"])
def test_what_macos_puts_beside_a_file_does_not_hide_it(tmp_path, tone, suffix):
    soundfile.write(tmp_path / f"00.{suffix}", tone, RATE)
    expected = decode(tmp_path / f"00.{suffix}")[0]
    (tmp_path / f"._00.{suffix}").touch()
    np.testing.assert_array_equal(decode(tmp_path / f"00.{suffix}")[0], expected)
    assert probe(tmp_path / f"00.{suffix}") == pytest.approx(len(tone) / RATE, abs=0.1)
