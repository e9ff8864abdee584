"""How long files are without decoding them, and which are cut short."""

import numpy as np
import pandas as pd
import pytest
import soundfile

from mscol.io.audio import decode, probe
from mscol.io.lengths import measure
from mscol.io.mpeg import count_frames, read_mpeg

SECONDS = 12


@pytest.fixture
def music(real_recordings):
    return real_recordings["music"][0][: SECONDS * 16_000]


def write(path, music, rate=16_000, **options):
    music = np.interp(np.arange(SECONDS * rate) / rate, np.arange(len(music)) / 16_000, music)
    soundfile.write(path, np.stack([music] * options.pop("channels", 1), axis=1), rate, **options)
    return path.read_bytes()


def without_info(data):
    """An mp3 without the Info or Xing frame that it begins with."""
    return data[data.index(data[:2], 10) :]


def id3(size):
    return b"ID3\x04\x00\x00" + bytes(size >> shift & 0x7F for shift in (21, 14, 7, 0)) + bytes(size)


def decoded_seconds(path):
    waveform, rate = decode(path)
    return len(waveform) / rate


MP3_KINDS = [
    (16_000, 1, "CONSTANT"), (16_000, 1, "VARIABLE"), (44_100, 2, "CONSTANT"), (44_100, 2, "VARIABLE"), (8_000, 1, "CONSTANT"),
]  # fmt: skip


@pytest.mark.parametrize("tag_bytes", [None, 0, 1_000, 70_000, 300_000])
@pytest.mark.parametrize(("rate", "channels", "bitrate_mode"), MP3_KINDS)
def test_mp3_without_an_info_frame_is_as_long_as_it_decodes(
    tmp_path, music, rate, channels, bitrate_mode, tag_bytes
):
    path = tmp_path / "x.mp3"
    data = without_info(write(path, music, rate, channels=channels, bitrate_mode=bitrate_mode))
    path.write_bytes((b"" if tag_bytes is None else id3(tag_bytes)) + data + b"TAG" + bytes(125))
    seconds, cut = measure(path)
    assert seconds == pytest.approx(decoded_seconds(path), abs=0.08) == pytest.approx(SECONDS, abs=0.2)
    assert cut == ""
    if tag_bytes == 300_000 or bitrate_mode == "VARIABLE":
        assert abs(probe(path) - seconds) > 0.5, "libsndfile knows as well: counting is for nothing"


def test_tag_of_a_kilobyte_does_not_carry_a_clip_across_the_border_of_mtat(tmp_path, music):
    path = tmp_path / "x.mp3"
    path.write_bytes(
        id3(1_000) + without_info(write(path, music, bitrate_mode="CONSTANT", compression_level=0.9))
    )
    assert probe(path) - decoded_seconds(path) > 0.1
    assert measure(path).seconds == pytest.approx(decoded_seconds(path), abs=0.001)


@pytest.mark.parametrize("bitrate_mode", ["CONSTANT", "VARIABLE"])
def test_variable_bit_rate_without_a_header_is_decoded_to_its_end(tmp_path, music, bitrate_mode):
    path = tmp_path / "x.mp3"
    data = write(path, music, bitrate_mode=bitrate_mode)
    whole = decode(path)[0][:, 0]
    path.write_bytes(without_info(data))
    found = decode(path)[0][:, 0]
    assert len(found) == pytest.approx(len(whole), abs=1600)
    lag = np.correlate(found[40_000:60_000], whole[42_000:58_000]).argmax() - 2_000
    end = slice(SECONDS * 16_000 - 16_000, SECONDS * 16_000 - 4_000)
    there = found[end.start + lag : end.stop + lag]
    assert np.corrcoef(there, whole[end])[0, 1] > 0.99


def test_frames_are_counted_across_what_is_no_frame(tmp_path, music):
    path = tmp_path / "x.mp3"
    data = without_info(write(path, music, bitrate_mode="CONSTANT"))
    path.write_bytes(data)
    n_frames = count_frames(path, read_mpeg(path))
    half = len(data) // n_frames * (n_frames // 2)
    path.write_bytes(data[:half] + b"\xff\xfb\x00" * 700 + data[half:])
    assert count_frames(path, read_mpeg(path)) == n_frames == round(len(data) / len(data) * n_frames)


@pytest.mark.parametrize("suffix", ["mp3", "wav", "aiff", "flac", "ogg"])
@pytest.mark.parametrize("share", [1 / 3, 0.9])
def test_file_that_is_cut_is_reported(tmp_path, music, suffix, share):
    path = tmp_path / f"x.{suffix}"
    data = write(path, music)
    assert measure(path) == (pytest.approx(SECONDS, abs=0.001), "")
    path.write_bytes(data[: int(len(data) * share)])
    seconds, cut = measure(path)
    if suffix == "ogg":  # whose header says nothing of its length
        assert "it breaks off after" in cut and seconds == decoded_seconds(path) < SECONDS
    elif suffix == "flac":  # which does not decode
        assert seconds == SECONDS
        with pytest.raises(Exception, match="cannot be decoded"):
            decode(path)
    else:
        assert seconds == pytest.approx(SECONDS, abs=0.001)
        assert cut.startswith(f"its header says {SECONDS}.000 s, but it holds ")
        assert float(cut.split()[-2]) == pytest.approx(decoded_seconds(path), abs=0.05)


@pytest.mark.parametrize("size", [0xFFFFFFFF, 0x7FFFFFFF])
def test_wav_that_was_written_into_a_pipe_is_not_cut(tmp_path, music, size):
    path = tmp_path / "x.wav"
    data = write(path, music)
    path.write_bytes(
        data[:4] + size.to_bytes(4, "little") + data[8:40] + size.to_bytes(4, "little") + data[44:]
    )
    assert measure(path) == (pytest.approx(SECONDS, abs=0.001), "")


@pytest.mark.parametrize("subtype", ["PCM_U8", "PCM_24", "FLOAT", "IMA_ADPCM"])
def test_whole_wav_of_any_width_is_not_cut(tmp_path, music, subtype):
    write(tmp_path / "x.wav", music, subtype=subtype)
    seconds, cut = measure(tmp_path / "x.wav")
    assert seconds == pytest.approx(SECONDS, abs=0.1) and cut == ""


def test_files_of_a_real_collection_are_whole_and_as_long_as_its_list_says(real_pack):
    listed = pd.read_csv(real_pack / "manifest.csv").query("kind in ('song', 'excerpt', 'note')")
    listed = pd.concat([listed[listed["kind"] != "note"], listed[listed["kind"] == "note"][::20]])
    assert set(listed["kind"]) == {"song", "excerpt", "note"}
    for file in listed.itertuples():
        seconds, cut = measure(real_pack / file.path)
        assert cut == "" and seconds == pytest.approx(file.duration, abs=0.06), file.path
