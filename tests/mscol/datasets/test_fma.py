"""FMA-small: the three header rows, the subset, and damaged tracks."""

import pytest
from small_datasets import FMA_HEADER, FMA_ROWS, write_rows

from mscol.datasets import fma
from mscol.errors import ConfigError, DatasetError


def write_tracks(root, rows, header=FMA_HEADER):
    write_rows(root / "fma_metadata" / "tracks.csv", header + rows)


def test_only_tracks_of_the_small_subset_are_clips(fma_root, manifest):
    made = manifest("fma", fma_root)
    assert list(made.clips["id"]) == ["000002", "000010", "099134"]
    assert list(made.clips["split"]) == ["train", "validation", "test"]
    assert list(made.clips["labels"]) == ["Hip-Hop", "Folk", "Rock"]
    assert list(made.clips["group"]) == ["1", "6", "6"] and made.about["grouped_by"] == "artist"
    assert made.about["n_train"]["Hip-Hop"] == 1 and made.about["n_train"]["Rock"] == 0
    assert made.clips["path"][2] == "fma_small/099/099134.mp3"
    assert made.about["labels"] == list(fma.LABELS) and made.about["task"] == "classification"


def test_recording_is_the_track_or_the_album(fma_root, manifest):
    made = manifest("fma", fma_root)
    assert list(made.clips["recording"]) == list(made.clips["id"])
    assert list(made.clips["artist"]) == ["1", "6", "6"]
    with pytest.raises(DatasetError, match=r"tracks.csv, line 1: .*, without album\.id"):
        manifest("fma", fma_root, {"recording": "album"})
    header = [[*row, cell] for row, cell in zip(FMA_HEADER, ("album", "id", ""), strict=True)]
    write_tracks(
        fma_root, [[*row, album] for row, album in zip(FMA_ROWS, ("-1", "9", "9", "9"), strict=True)], header
    )
    assert list(manifest("fma", fma_root, {"recording": "album"}).clips["recording"]) == ["000002", "9", "9"]
    with pytest.raises(
        ConfigError, match="recording of a dataset of layout fma: 'disc' is unknown. Set it to track or album"
    ):
        fma.read_clips(fma_root, recording="disc")


def test_track_without_genre_or_number_is_rejected(fma_root, manifest):
    bad = [["3", "training", "small", "", "", "1"], ["x/..", "test", "small", "Rock", "", "1"]]
    write_tracks(fma_root, FMA_ROWS + bad)
    reasons = manifest("fma", fma_root).reasons
    assert reasons["fma_small/000/000003.mp3"] == "not a genre of FMA-small (track.genre_top: '')"
    assert any(reason.startswith("the track id") for reason in reasons.values())


def test_file_without_an_audio_frame_is_rejected(fma_root, manifest):
    write_tracks(fma_root, [*FMA_ROWS, ["108925", "training", "small", "Rock", "", "1"]])
    tag_alone = b"ID3\x04\x00\x00\x00\x00\x00\x0a" + b"\x00" * 10
    path = "fma_small/108/108925.mp3"
    (fma_root / path).parent.mkdir()
    (fma_root / path).write_bytes(tag_alone)
    assert manifest("fma", fma_root).reasons[path].startswith("not an audio file")


def test_missing_column_is_named(fma_root):
    write_tracks(fma_root, [row[:2] + row[3:] for row in FMA_ROWS], [row[:2] + row[3:] for row in FMA_HEADER])
    with pytest.raises(DatasetError, match=r"tracks.csv, line 1: .*, without set\.subset"):
        fma.read_clips(fma_root)


def test_biography_beyond_the_csv_modules_limit_is_read(fma_root):
    write_tracks(fma_root, [[*FMA_ROWS[0][:4], "x" * 200_000, "1"]])
    assert list(fma.read_clips(fma_root)["id"]) == ["000002"]


def test_missing_audio_folder_stops_with_the_reason(fma_root, manifest):
    (fma_root / "fma_small").rename(fma_root / "fma_large")
    message = "no usable clip for the train split: all 1 listed are rejected .*there is no such file"
    with pytest.raises(DatasetError, match=message):
        manifest("fma", fma_root)
