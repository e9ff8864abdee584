"""MagnaTagATune: tags, splits, and the cleaned list."""

import csv

import numpy as np
import pytest
import soundfile
from small_datasets import MTAT_CLIPS, mtat_rows, write_rows, write_tone

from mscol.datasets import mtat
from mscol.errors import ConfigError, DatasetError
from mscol.io.audio import probe

ANNOTATIONS = "annotations_final.csv"


def test_the_50_tags_stand_in_official_order():
    assert len(set(mtat.LABELS)) == 50
    assert mtat.LABELS[:3] == ("guitar", "classical", "slow") and mtat.LABELS[-1] == "choral"
    assert mtat.LABELS.index("no vocals") == 21 and mtat.LABELS.index("harp") == 42


def test_clips_carry_their_tags_in_official_order_and_the_split_of_their_folder(mtat_root):
    clips = mtat.read_clips(mtat_root)
    assert list(clips["id"]) == [path.removesuffix(".mp3") for path, _, _ in MTAT_CLIPS]
    assert list(clips["split"]) == ["train"] * 3 + ["validation"] + ["test"] * 3
    assert list(clips["labels"]) == ["guitar;choral", "", "rock", "slow;no vocals", "metal", "", "metal"]


def test_cleaned_split_leaves_untagged_and_short_clips_out_but_keeps_all_test_clips(
    mtat_root, manifest, caplog
):
    with caplog.at_level("INFO"):
        made = manifest("mtat", mtat_root)
    assert made.of("train") == ["0/train_long-0-29"]
    assert made.of("validation") == ["c/valid-0-29"]
    assert made.of("test") == ["d/test_long-0-29", "e/test_untagged-0-29", "f/test_short-0-29"]
    assert list(made.clips.loc[made.clips["split"] == "test", "cleaned"]) == [1, 0, 0]
    assert made.about["counts"]["left_out"] == 2
    assert (
        "leaves out 2 training and validation clips: 1 without one of the 50 tags, 1 not longer"
        in caplog.text
    )


@pytest.mark.parametrize("group", ["song", "artist"])
def test_clips_are_grouped_by_song_or_by_artist(mtat_root, manifest, group):
    made = manifest("mtat", mtat_root, {"group": group})
    first = made.clips.set_index("id").loc["d/test_long-0-29", "group"]
    assert first == {"song": "d/test_long", "artist": "test_long"}[group]
    assert made.about["grouped_by"] == group and made.about["n_train"] == {
        tag: int(tag in ("guitar", "choral")) for tag in mtat.LABELS
    }


def test_artists_are_named_by_clip_info_and_else_by_the_file(mtat_root, manifest):
    infos = [
        ["clip_id", "track_number", "title", "artist", "album", "mp3_path"],
        ["2", "1", 'An "odd" title', " The Long\tOnes", "", "d/test_long-0-29.mp3"],
        ["3", "1", "", "", "", "e/test_untagged-0-29.mp3"],
        ["4", "1", "of no file", "Someone", "", ""],
    ]
    lines = ["\t".join(f'"{field}"' for field in row) for row in infos]
    (mtat_root / "clip_info_final.csv").write_text("\r\n".join(lines) + "\r\n")
    clips = manifest("mtat", mtat_root, {"group": "artist"}).clips.set_index("id")
    artists = dict(zip(clips.index, clips["artist"], strict=True))
    assert artists["d/test_long-0-29"] == "The Long\\tOnes"
    assert artists["e/test_untagged-0-29"] == "test_untagged" and artists["c/valid-0-29"] == "valid"
    assert list(clips["group"]) == list(clips["artist"])
    assert clips.loc["d/test_long-0-29", "recording"] == "d/test_long"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("clip_id\ttitle\n", "line 1: expected the columns mp3_path, artist, .* without mp3_path, artist"),
        ('clip_id\tartist\tmp3_path\n2\t"A\tf/x.mp3\n', "line 2: expected 3 fields, found 2"),
        ("clip_id\tartist\tmp3_path\n2\tA\n", "line 2: expected 3 fields, found 2. Repair"),
    ],
)
def test_broken_clip_info_is_named_with_its_line(mtat_root, text, message):
    (mtat_root / "clip_info_final.csv").write_text(text)
    with pytest.raises(DatasetError, match="clip_info_final.csv, " + message):
        mtat.read_clips(mtat_root)


def test_folder_split_keeps_every_clip_and_still_marks_the_cleaned_test_list(mtat_root, manifest):
    made = manifest("mtat", mtat_root, {"split": "folder"})
    assert len(made.of("train")) == 3 and not len(made.rejected)
    assert list(made.clips["cleaned"]) == [1, 1, 1, 1, 1, 0, 0]
    assert made.about["task"] == "tagging" and made.about["labels"] == list(mtat.LABELS)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_annotations_without_quotes_read_the_same(mtat_root, encoding):
    expected = mtat.read_clips(mtat_root)
    dialect = {"delimiter": "\t", "lineterminator": "\n", "encoding": encoding}
    write_rows(mtat_root / ANNOTATIONS, mtat_rows(), **dialect)
    assert '"' not in (mtat_root / ANNOTATIONS).read_text()
    assert mtat.read_clips(mtat_root).equals(expected)


def test_clip_that_is_cut_short_is_on_no_list(mtat_root, manifest):
    """By its header it has 29.124 s, and would pass the cleaned list's border."""
    for path in ("0/train_long-0-29.mp3", "e/test_untagged-0-29.mp3"):
        data = (mtat_root / path).read_bytes()
        (mtat_root / path).write_bytes(data[: len(data) // 3])
    write_tone(mtat_root / "1/whole.mp3", 29.124)
    write_rows(
        mtat_root / ANNOTATIONS, mtat_rows([*MTAT_CLIPS, ("1/whole.mp3", 29.124, ("rock",))]), delimiter="\t"
    )
    made = manifest("mtat", mtat_root)
    assert made.of("train") == ["1/whole"] and "e/test_untagged-0-29" not in made.of("test")
    assert made.reasons["0/train_long-0-29.mp3"].startswith(
        "cut short: its header says 29.124 s, but it holds 9."
    )
    assert len(made.rejected) == 2


def test_tag_of_a_kilobyte_carries_no_clip_onto_the_cleaned_list(mtat_root, manifest):
    path = mtat_root / "0/train_long-0-29.mp3"
    tone = 0.3 * np.sin(np.arange(int(29.0 * 16_000)) / 6)
    soundfile.write(path, tone, 16_000, bitrate_mode="CONSTANT", compression_level=0.9)
    data = path.read_bytes()
    without_info = data[data.index(data[:2], 10) :]
    path.write_bytes(b"ID3\x04\x00\x00\x00\x00\x08\x00" + bytes(1024) + without_info)
    write_tone(mtat_root / "1/whole.mp3", 29.124)
    write_rows(
        mtat_root / ANNOTATIONS, mtat_rows([*MTAT_CLIPS, ("1/whole.mp3", 29.124, ("rock",))]), delimiter="\t"
    )
    assert probe(path) > 29.1
    assert manifest("mtat", mtat_root).of("train") == ["1/whole"]


def test_zero_byte_file_is_rejected_and_costs_only_itself(mtat_root, manifest):
    broken = "6/norine_braun-now_and_zen-08-gently-117-146.mp3"
    (mtat_root / "6").mkdir()
    (mtat_root / broken).touch()
    rows = mtat_rows((*MTAT_CLIPS, (broken, 0, ("vocals",))))
    write_rows(mtat_root / ANNOTATIONS, rows, delimiter="\t", quoting=csv.QUOTE_ALL)
    made = manifest("mtat", mtat_root)
    assert list(made.reasons) == [broken] and "0 bytes" in made.reasons[broken]
    assert made.about["counts"]["rejected"] == 1


def test_folder_beyond_f_is_an_unknown_split(mtat_root, manifest):
    write_rows(mtat_root / ANNOTATIONS, mtat_rows((*MTAT_CLIPS, ("g/x.mp3", 0, ()))), delimiter="\t")
    assert manifest("mtat", mtat_root).reasons["g/x.mp3"].startswith("unknown split: 'g'")


def test_short_clips_alone_give_no_cleaned_split_and_the_error_names_the_option(mtat_root, manifest):
    clips = [clip for clip in MTAT_CLIPS if clip[0] != "0/train_long-0-29.mp3"]
    write_rows(mtat_root / ANNOTATIONS, mtat_rows(clips), delimiter="\t")
    with pytest.raises(
        DatasetError, match="mtat: no usable clip for the train split: .*all 2 .*split: folder"
    ):
        manifest("mtat", mtat_root)


def test_missing_annotations_are_named(mtat_root):
    (mtat_root / ANNOTATIONS).unlink()
    with pytest.raises(DatasetError, match="annotations_final.csv: there is no such file; the root"):
        mtat.read_clips(mtat_root)


def test_missing_tag_column_is_named(mtat_root):
    rows = mtat_rows()
    at = rows[0].index("sitar")
    write_rows(mtat_root / ANNOTATIONS, [row[:at] + row[at + 1 :] for row in rows], delimiter="\t")
    with pytest.raises(DatasetError, match="annotations_final.csv, line 1: expected .*, without sitar"):
        mtat.read_clips(mtat_root)


def test_tag_that_is_neither_0_nor_1_is_named_with_its_line(mtat_root):
    rows = mtat_rows()
    rows[2][rows[0].index("flute")] = "yes"
    write_rows(mtat_root / ANNOTATIONS, rows, delimiter="\t")
    with pytest.raises(DatasetError, match="line 3, column flute: expected 0 or 1, found 'yes'"):
        mtat.read_clips(mtat_root)


def test_truncated_annotations_are_refused_with_the_line(mtat_root):
    path = mtat_root / ANNOTATIONS
    write_rows(path, mtat_rows(), delimiter="\t", lineterminator="\n")
    path.write_text(path.read_text()[:-60])
    with pytest.raises(DatasetError, match="line 8: expected 53 fields, found"):
        mtat.read_clips(mtat_root)


def test_unknown_split_option_is_refused(mtat_root):
    with pytest.raises(ConfigError, match="split .* 'paper' is unknown. Set it to cleaned or folder"):
        mtat.read_clips(mtat_root, split="paper")
    with pytest.raises(
        ConfigError, match="group of a dataset of layout mtat: 'album' is unknown. Set it to song or artist"
    ):
        mtat.read_clips(mtat_root, group="album")
