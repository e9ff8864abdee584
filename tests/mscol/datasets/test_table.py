"""One's own table: label styles, ids, paths, and errors with line numbers."""

import unicodedata

import pytest
from small_datasets import write_rows, write_tone

from mscol.datasets import table
from mscol.errors import DatasetError

SPLITS = ("training", "val", "test")
FILES = ("a.wav", "b.flac", "c.ogg")


def write_table(root, header, *columns, name="clips.csv", **dialect):
    write_rows(
        root / name, [["path", "split", *header], *zip(FILES, SPLITS, *columns, strict=True)], **dialect
    )


def test_label_column_makes_a_classification(table_root, manifest):
    write_table(table_root, ["label"], ["rock", " jazz", "rock"])
    made = manifest("table", table_root)
    assert made.about["task"] == "classification" and made.about["labels"] == ["jazz", "rock"]
    assert list(made.clips["id"]) == ["a", "b", "c"]
    assert list(made.clips["split"]) == ["train", "validation", "test"]
    assert list(made.clips["labels"]) == ["rock", "jazz", "rock"]


def test_line_breaks_in_labels_are_spaces(table_root, manifest):
    write_table(table_root, ["label"], ["hard\rrock", "hard\n rock", "jazz"])
    made = manifest("table", table_root)
    assert made.about["labels"] == ["hard rock", "jazz"]
    write_table(table_root, ["tags"], ["a\rb;c", "c", "a b"])
    assert list(manifest("table", table_root).clips["labels"]) == ["a b;c", "c", "a b"]


def test_tags_column_makes_a_tagging(table_root, manifest):
    write_table(table_root, ["tags"], ["slow; piano;slow", "", "loud;"])
    made = manifest("table", table_root)
    assert made.about["task"] == "tagging" and made.about["labels"] == ["loud", "piano", "slow"]
    assert list(made.clips["labels"]) == ["piano;slow", "", "loud"]


def test_columns_of_0_and_1_make_a_tagging(table_root, manifest):
    write_table(table_root, ["slow", "duration", "fast"], "010", "345", ["1", "1.0", "0"])
    made = manifest("table", table_root)
    assert made.about["task"] == "tagging" and made.about["labels"] == ["fast", "slow"]
    assert list(made.clips["labels"]) == ["fast", "fast;slow", ""]


@pytest.mark.parametrize("with_ids", [True, False])
@pytest.mark.parametrize("name", ["a.wav", "./b/../a.wav", "symbolic.wav", "hard.wav", "folder/a.wav"])
def test_file_in_two_splits_is_an_error_that_names_both_rows(table_root, name, with_ids):
    (table_root / "symbolic.wav").symlink_to("a.wav")
    (table_root / "hard.wav").hardlink_to(table_root / "a.wav")
    (table_root / "folder").symlink_to(table_root)
    (table_root / "b").mkdir()
    rows = [
        ["path", "split", "label", "id"],
        ["a.wav", "train", "x", "1"],
        ["b.flac", "val", "x", "2"],
        [name, "test", "x", "3"],
    ]
    write_rows(table_root / "clips.csv", [row if with_ids else row[:3] for row in rows])
    with pytest.raises(
        DatasetError, match=r"clips.csv, lines 2 and 4: '.*'.* is in the splits train and test"
    ):
        table.read_clips(table_root)


def test_file_spelled_in_two_unicode_forms_is_in_two_splits(table_root):
    composed, decomposed = (unicodedata.normalize(form, "é.wav") for form in ("NFC", "NFD"))
    write_tone(table_root / decomposed)
    rows = [[composed, "train", "x", "1"], ["b.flac", "val", "x", "2"], [decomposed, "test", "x", "3"]]
    write_rows(table_root / "clips.csv", [["path", "split", "label", "id"], *rows])
    with pytest.raises(DatasetError, match="lines 2 and 4: .* is in the splits train and test"):
        table.read_clips(table_root)


def test_file_twice_in_a_split_and_copies_in_two_are_no_error(table_root):
    (table_root / "copy.wav").write_bytes((table_root / "a.wav").read_bytes())
    rows = [["path", "split", "label", "id"], ["a.wav", "train", "x", "1"], ["a.wav", "train", "y", "2"], ["copy.wav", "test", "x", "3"],
            ["gone.wav", "train", "x", "4"], ["a.wav", "unknown", "x", "5"]]  # fmt: skip
    write_rows(table_root / "clips.csv", rows)
    assert len(table.read_clips(table_root)) == 5


def test_group_column_says_which_clips_are_alike(table_root, manifest):
    write_table(table_root, ["label", "group"], ["rock", "jazz", "rock"], ["one\ttake", "", " x "])
    made = manifest("table", table_root)
    assert list(made.clips["group"]) == ["one\\ttake", "b", "x"] and made.about["grouped_by"] == "group"
    assert made.about["n_train"] == {"jazz": 0, "rock": 1}
    assert "group" not in made.shards[0]


def test_columns_recording_and_artist_are_no_tags(table_root, manifest):
    write_table(table_root, ["slow", "recording", "artist"], "010", [" one ", "one", ""], ["NA", "", "x"])
    made = manifest("table", table_root)
    assert made.about["labels"] == ["slow"] and made.about["grouped_by"] == "clip"
    assert list(made.clips["recording"]) == ["one", "one", "c"]
    assert list(made.clips["artist"]) == ["NA", "", "x"]
    assert {"recording", "artist"}.isdisjoint(made.shards[0])


def test_without_groups_each_clip_is_one(table_root, manifest):
    write_table(table_root, ["label"], ["rock", "jazz", "rock"])
    made = manifest("table", table_root)
    assert list(made.clips["group"]) == list(made.clips["id"]) and made.about["grouped_by"] == "clip"


@pytest.mark.parametrize(("delimiter", "encoding"), [(",", "utf-8-sig"), (";", "utf-8-sig"), ("\t", "utf-8")])
def test_spreadsheet_dialects_read_the_same(table_root, delimiter, encoding):
    write_table(table_root, ["tags"], ["x;ü", "y", "x"], delimiter=delimiter, encoding=encoding)
    assert list(table.read_clips(table_root)["labels"]) == ["x;ü", "y", "x"]


def test_another_file_and_a_pandas_index_column_are_accepted(table_root):
    rows = [["", "path", "split", "x"], ["0", "a.wav", "train", "1"]]
    write_rows(table_root / "lists" / "mine.csv", rows)
    assert table.task_and_labels(table_root, table="lists/mine.csv") == ("tagging", ("x",))


def test_names_with_spaces_quotes_and_non_ascii_letters_are_used(table_root, manifest):
    names = [
        "Séculaire feat. Nÿme.wav",
        'an "odd" name.wav',
        "it's; here, 100%.wav",
        "NA.wav",
        "音楽/ 007.wav",
    ]
    for name in names:
        write_tone(table_root / name)
    rows = [["path", "split", "label"], *([name, "train", "None"] for name in names)]
    write_rows(table_root / "clips.csv", [*rows, ["a.wav", "valid", "NA"], ["b.flac", "test", "NA"]])
    made = manifest("table", table_root)
    assert set(made.clips["path"]) == {*names, "a.wav", "b.flac"}
    assert "NA" in set(made.clips["id"]) and made.about["labels"] == ["NA", "None"]
    assert sorted(made.clips["id"]) == list(made.clips["id"])


def test_paths_that_differ_in_their_suffix_only_keep_it_in_their_ids(table_root, manifest):
    write_tone(table_root / "a.flac")
    rows = [
        ["a.wav", "train", "x"],
        ["a.flac", "train", "x"],
        ["./b.flac", "valid", "x"],
        ["c.ogg", "test", "x"],
    ]
    write_rows(table_root / "clips.csv", [["path", "split", "label"], *rows])
    assert list(manifest("table", table_root).clips["id"]) == ["a.flac", "a.wav", "b", "c"]


def test_absolute_path_inside_the_root_is_made_relative_and_outside_is_rejected(
    table_root, tmp_path, manifest
):
    write_tone(tmp_path / "outside.wav")
    paths = [table_root / "a.wav", "b.flac", "c.ogg", tmp_path / "outside.wav", "../outside.wav", ".."]
    rows = [[path, split, "x"] for path, split in zip(paths, [*SPLITS, *SPLITS], strict=True)]
    write_rows(table_root / "clips.csv", [["path", "split", "label"], *rows])
    made = manifest("table", table_root)
    assert list(made.clips["path"]) == list(FILES)
    assert (
        set(made.reasons.values()) == {"the path is outside the dataset's root"} and len(made.rejected) == 3
    )


@pytest.mark.parametrize("clip_id", ["", "..", "a/../b", "/a", "a//b", "a/", "./a", "x" * 256])
def test_id_that_is_no_relative_file_name_is_rejected(table_root, manifest, clip_id):
    rows = [["a.wav", "train", "x", clip_id], ["a.wav", "train", "x", "ok"]]
    rows += [["b.flac", "valid", "x", "nested/name"], ["c.ogg", "test", "x", "2"]]
    write_rows(table_root / "clips.csv", [["path", "split", "label", "id"], *rows])
    made = manifest("table", table_root)
    assert list(made.clips["id"]) == ["2", "nested/name", "ok"]
    assert made.reasons["a.wav"].startswith("unusable id: ")


def test_row_without_label_split_or_path_is_rejected(table_root, manifest):
    rows = [
        ["path", "split", "label"],
        *([name, split, "x"] for name, split in zip(FILES, SPLITS, strict=True)),
    ]
    bad = [["d.wav", "train", " "], ["e.wav", "", "x"], ["", "train", "x"], ["f.wav", "dev", "x"]]
    write_rows(table_root / "clips.csv", rows + bad)
    assert manifest("table", table_root).reasons == {
        "d.wav": "no label",
        "e.wav": "unknown split: '', expected train, validation or test",
        "": "the path is empty",
        "f.wav": "unknown split: 'dev', expected train, validation or test",
    }


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "clips.csv, line 1: expected the columns path, split, found none"),
        ("file,split,label\n", "line 1: expected the columns path and split, found file, .* without path"),
        ("path,split\na.wav,train\n", "line 1: expected labels, found only path, split. Add a column label"),
        ("path,split,label,tags\n", "line 1: found the columns label and tags. Keep one"),
        ("path,split,x,x\n", "line 1: several columns have the name x. Rename one"),
        ('path,split,"a;b"\n', "line 1: the name of a tag's column must not contain a semicolon"),
        ("path,split,x\na.wav,train,1\n\nb.wav,train,2\n", "line 4, column x: expected 0 or 1, found '2'"),
        (
            "path,split,lable\na.wav,train,rock\n",
            "line 2, column lable: expected 0 or 1, found 'rock'. Without a column label, .* Did you mean 'label' by 'lable'?",
        ),
        ("path,split,x\na.wav,train,1\nb.wav,train\n", "line 3: expected 3 fields, found 2"),
        ('path,split,label\n"An "odd" name.wav",train,x\n', "line 2: not readable as csv .*Quote fields"),
        ('path,split,label\n"Heroes.wav,train,x\n', "not readable as csv .*unexpected end of data"),
    ],
)
def test_mistake_in_the_table_is_named_with_its_line(table_root, text, message):
    (table_root / "clips.csv").write_text(text)
    with pytest.raises(DatasetError, match=message):
        table.read_clips(table_root)


def test_table_in_another_encoding_is_named(table_root):
    write_table(table_root, ["label"], ["é", "b", "c"], encoding="latin-1")
    with pytest.raises(DatasetError, match="clips.csv: not UTF-8 .*Save it as UTF-8"):
        table.read_clips(table_root)


def test_missing_table_is_named(table_root):
    with pytest.raises(
        DatasetError, match=r"mine\.csv: there is no such file; .*set another file with the option `table`"
    ):
        table.read_clips(table_root, table="mine.csv")


def test_table_that_is_a_folder_is_named(table_root):
    with pytest.raises(DatasetError, match="cannot be read .Is a directory"):
        table.read_clips(table_root, table=".")


@pytest.mark.parametrize("tags", ["slow,piano", "['slow', 'piano']", '["slow"]'])
def test_tags_that_hold_brackets_or_commas_are_reported(table_root, tags, caplog):
    write_table(table_root, ["tags"], [tags, "slow", "piano"])
    table.read_clips(table_root)
    assert "contains a comma, quotes or brackets" in caplog.text and "slow;piano" in caplog.text


def test_tags_of_one_clip_each_are_reported(table_root, caplog):
    rows = [["path", "split", "tags"], *([f"{n}.wav", "train", f"take {n};slow"] for n in range(20))]
    write_rows(table_root / "clips.csv", rows)
    table.read_clips(table_root)
    assert "20 clips have 21 different tags. Nearly each clip has its own tag" in caplog.text
    caplog.clear()
    write_rows(table_root / "clips.csv", [rows[0], *([f"{n}.wav", "train", "slow;piano"] for n in range(20))])
    table.read_clips(table_root)
    assert caplog.text == ""


def test_a_number_a_clip_is_regression_and_what_is_none_is_rejected(table_root):
    (table_root / "clips.csv").write_text(
        "path,split,target,mood\na.wav,train,120.5,x\nb.wav,train,fast,x\nc.wav,test,nan,\nd.wav,validation, -3e2,y\n"
    )
    assert table.task_and_labels(table_root) == ("regression", ("target",))
    clips = table.read_clips(table_root)
    assert clips["labels"].tolist() == ["120.5", "fast", "nan", "-3e2"]
    assert clips["reason"].tolist() == [
        "", "not a number in the column target: 'fast'", "not a number in the column target: 'nan'", "",
    ]  # fmt: skip
