"""The scripts of docs/datasets.md, run as they stand there on made-up folders of each dataset's layout."""

import re
from pathlib import Path

import pytest
from small_datasets import write_rows, write_tone

PAGE = (Path(__file__).parents[3] / "docs" / "datasets.md").read_text(encoding="utf-8")
SCRIPTS = dict(
    re.findall(r"^### ([\w-]+)\n(?:(?!^#+ ).)*?```python\n(.*?)```", PAGE, re.DOTALL | re.MULTILINE)
)


@pytest.fixture
def listed(tmp_path, manifest):
    """Run a dataset's script: ``listed(name)`` is the manifest of what it wrote, from the folder ``tmp_path / "data"``."""

    def run(name):
        text, replaced = re.subn(
            r'Path\("/data/[\w-]+"\)', f"Path({str(tmp_path / 'data')!r})", SCRIPTS[name]
        )
        assert replaced == 1
        exec(compile(text, name, "exec"), {})
        made = manifest("table", tmp_path / "data")
        assert made.rejected.empty
        return made

    return run


def write_files(root, *paths):
    for path in paths:
        write_tone(root / path)


def artists_of_splits(clips):
    return {split: set(table["artist"]) for split, table in clips.groupby("split")}


def assert_no_artist_is_in_two_splits(clips):
    artists = artists_of_splits(clips)
    assert sum(map(len, artists.values())) == clips["artist"].nunique() and "" not in set(clips["artist"])


def test_every_dataset_of_the_page_is_tried():
    assert set(SCRIPTS) == {"GTZAN", "MTG-Jamendo", "VocalSet", "TinySOL", "OpenMIC"}
    _, scripts = PAGE.split("\n## Scripts for other datasets\n")
    assert set(re.findall(r"^### (.+)$", scripts, re.MULTILINE)) == set(SCRIPTS)


@pytest.mark.parametrize(
    ("folder", "suffix"), [("genres", ".wav"), ("Data/genres_original", ".wav"), ("genres", ".au")]
)
def test_gtzan(tmp_path, listed, folder, suffix):
    clips = ["blues.00029", "blues.00001", "hiphop.00099", "rock.00007"]
    for clip in [*clips, "rock.00008"]:
        write_tone(tmp_path / "data" / folder / clip.partition(".")[0] / f"{clip}{suffix}")
    for name, of_split in (("train", clips[:2]), ("valid", clips[2:3]), ("test", clips[3:])):
        lines = "".join(f"{clip.partition('.')[0]}/{clip}.wav\n" for clip in of_split)
        (tmp_path / "data" / f"{name}_filtered.txt").write_text(lines)
    made = listed("GTZAN")
    assert len(made.of("train")) == 2 and made.of("test") == [f"{folder}/rock/rock.00007"]
    assert made.about["labels"] == ["blues", "hiphop", "rock"] and made.about["task"] == "classification"


def test_mtg_jamendo(tmp_path, listed):
    header = ["TRACK_ID", "ARTIST_ID", "ALBUM_ID", "PATH", "DURATION", "TAGS"]
    lists = {
        "train": [["track_0000214", "artist_000014", "album_000031", "14/214.mp3", "124.6", "genre---rock", "mood/theme---happy"],
                  ["track_0000215", "artist_000014", "album_000031", "15/215.mp3", "151.4", "genre---metal"]],
        "validation": [["track_0000300", "artist_000020", "album_000040", "00/300.mp3", "99.0", "instrument---piano"]],
        "test": [["track_1048592", "artist_424343", "album_123552", "92/1048592.mp3", "238.2", "genre---rock"]],
    }  # fmt: skip
    for split, rows in lists.items():
        write_rows(tmp_path / "data" / f"autotagging_top50tags-{split}.tsv", [header, *rows], delimiter="\t")
    write_files(tmp_path / "data", "14/214.mp3", "15/215.low.mp3", "00/300.mp3", "92/1048592.low.mp3")
    made = listed("MTG-Jamendo")
    assert made.about["labels"] == [
        "genre---metal",
        "genre---rock",
        "instrument---piano",
        "mood/theme---happy",
    ]
    clips = made.clips.set_index("recording")
    assert clips.loc["track_0000214", "labels"] == "genre---rock;mood/theme---happy"
    assert clips.loc["track_1048592", "path"] == "92/1048592.low.mp3"
    assert list(made.clips["group"]) == list(made.clips["artist"])
    assert_no_artist_is_in_two_splits(made.clips)


def test_vocalset(tmp_path, listed):
    names = ["female1", "female2", "female9", "male3", "male10", "male11"]
    for singer in names:
        short = singer[0] + re.sub(r"\D", "", singer)
        folder = tmp_path / "data" / "FULL" / singer
        write_files(
            folder,
            f"arpeggios/belt/{short}_arpeggios_belt_c_a.wav",
            f"long_tones/forte/{short}_long_forte_a.wav",
        )
        write_files(
            folder, f"excerpts/vibrato/{short}_row_vibrato.wav", f"scales/belt/._{short}_scales_belt_a.wav"
        )
    (tmp_path / "data" / "FULL" / ".DS_Store").touch()
    (tmp_path / "data" / "test_singers_technique.txt").write_text("female2\nmale3\n")
    made = listed("VocalSet")
    assert made.about["labels"] == ["belt", "vibrato"] and len(made.clips) == 12
    assert artists_of_splits(made.clips) == {
        "train": {"female1", "female9"}, "validation": {"male10", "male11"}, "test": {"female2", "male3"},
    }  # fmt: skip
    assert made.about["grouped_by"] == "group"


def test_tinysol(tmp_path, listed):
    header = ["Path", "Fold", "Family", "Instrument (abbr.)", "Instrument (in full)", "Technique (abbr.)", "Technique (in full)",
              "Pitch", "Pitch ID", "Dynamics", "Dynamics ID", "Instance ID", "String ID", "Resampled"]  # fmt: skip
    notes = [f"BTb-ord-A#{number}-ff-N-N.wav" for number in range(5)]
    rows = [
        [f"Brass/Bass_Tuba/ordinario/{note}", fold, "Brass", "BTb", "Bass Tuba", "ord", "ordinario", "A#1", "34", "ff", "4", "0", "", "FALSE"]
        for fold, note in enumerate(notes)
    ]  # fmt: skip
    write_rows(tmp_path / "data" / "TinySOL_metadata.csv", [header, *rows])
    write_files(tmp_path / "data", *(f"TinySOL/Brass/Bass_Tuba/ordinario/{note}" for note in notes))
    made = listed("TinySOL")
    assert (len(made.of("train")), len(made.of("validation")), len(made.of("test"))) == (3, 1, 1)
    assert made.about["labels"] == ["Bass Tuba"] and made.of("test")[0].endswith("A#4-ff-N-N")


def test_openmic(tmp_path, listed):
    artists = {f"{number:06}_3840": str(number % 30) for number in range(46, 110)}
    root, tested = tmp_path / "data", ["000046_3840", "000047_3840"]  # artists 16 and 17
    header = ["track_id", "artist_id", "artist_name", "sample_key", "start_time"]
    rows = [[clip[:6], artist, f'The "{artist}"', clip, "3.84"] for clip, artist in artists.items()]
    write_rows(root / "openmic-2018-metadata.csv", [header, *rows])
    labels = [[clip, "voice", "0.9", "3"] for clip in artists] + [
        ["000046_3840", "piano", "0.5", "3"],
        ["000047_3840", "drums", "0.2", "3"],
    ]
    write_rows(
        root / "openmic-2018-aggregated-labels.csv",
        [["sample_key", "instrument", "relevance", "num_responses"], *labels],
    )
    (root / "partitions").mkdir()
    (root / "partitions" / "split01_test.csv").write_text("\n".join(tested) + "\n")
    write_files(root, *(f"audio/{clip[:3]}/{clip}.ogg" for clip in artists))
    made = listed("OpenMIC")
    assert made.of("test") == [f"audio/000/{clip}" for clip in tested]
    assert list(made.clips.loc[made.clips["split"] == "test", "labels"]) == ["piano;voice", "voice"]
    assert made.about["labels"] == ["piano", "voice"]
    left_out = [clip for clip, artist in artists.items() if artist in ("16", "17") and clip not in tested]
    assert len(left_out) == 4 and len(made.clips) == len(artists) - 4
    assert_no_artist_is_in_two_splits(made.clips)
