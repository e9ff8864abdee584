"""The manifest: header checks, rejection, shards, and what stops it."""

import errno
import subprocess
import sys
import unicodedata
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import soundfile
from small_datasets import write_rows, write_tone

from mscol.datasets.manifest import write_manifest
from mscol.datasets.rejected import gather_rejected
from mscol.datasets.shards import shard_of
from mscol.datasets.shortened import gather_shortened
from mscol.datasets.watch import LAYOUTS
from mscol.errors import ConfigError, DatasetError, DiskError
from mscol.io.files import read_csv, write_csv
from mscol.mels.mixtures import cache_mixtures

HEADER = ["path", "split", "label"]
GOOD = [["a.wav", "train", "x"], ["b.flac", "valid", "x"], ["c.ogg", "test", "x"]]


def with_rows(root, *names):
    write_rows(root / "clips.csv", [HEADER, *GOOD, *([name, "train", "x"] for name in names)])


def test_every_fault_of_a_file_rejects_it_with_its_reason(table_root, manifest):
    (table_root / "empty.wav").touch()
    (table_root / "text.mp3").write_text("this is no music")
    (table_root / "folder.wav").mkdir()
    write_tone(table_root / "short.wav", 15_919 / 16_000)
    write_tone(table_root / "just.wav", 15_920 / 16_000)
    write_tone(table_root / "short.mp3", 0.2, 44_100)
    (table_root / "cut.wav").write_bytes((table_root / "a.wav").read_bytes()[:30])
    names = ["missing.wav", "empty.wav", "text.mp3", "folder.wav", "short.wav", "short.mp3", "cut.wav"]
    with_rows(table_root, *names, "just.wav", "back\\slash.wav")
    made = manifest("table", table_root)
    assert made.of("train") == ["a", "just"]
    assert made.reasons["missing.wav"] == "there is no such file"
    assert made.reasons["empty.wav"].startswith("the file is empty (0 bytes)")
    assert made.reasons["text.mp3"].startswith("not an audio file that libsndfile decodes")
    assert made.reasons["folder.wav"] == "cannot be read (Is a directory)"
    assert made.reasons["short.wav"] == "too short: 0.995 s, at least 0.995 s are needed for one crop"
    assert made.reasons["short.mp3"].startswith("too short: 0.2")
    assert "cut.wav" in made.reasons
    assert made.reasons["back\\slash.wav"].endswith("the path contains backslashes, write / between folders")
    assert len(made.rejected) == 8


def test_file_system_that_does_not_answer_stops_the_manifest(table_root, manifest, monkeypatch):
    def hang_up(*_):
        raise OSError(errno.ETIMEDOUT, "Connection timed out")

    with_rows(table_root)
    monkeypatch.setattr("mscol.io.audio.open_sound", hang_up)
    with pytest.raises(DiskError, match=r"cannot be read \(Connection timed out\)"):
        manifest("table", table_root)


def test_clips_hold_duration_and_bytes_of_their_files(table_root, manifest):
    write_tone(table_root / "b.flac", 2.0, 44_100)
    with_rows(table_root)
    made = manifest("table", table_root)
    assert list(made.clips["duration"]) == [1.5, 2.0, 1.5]
    assert list(made.clips["bytes"]) == [(table_root / path).stat().st_size for path in made.clips["path"]]


def test_clips_that_are_cut_short_are_used_and_reported_in_a_table(table_root, manifest, tmp_path):
    noise = np.random.default_rng(0).normal(0, 0.1, 6 * 16_000)
    for name in ("cut.wav", "cut.ogg", "cut.mp3", "liar.mp3"):
        soundfile.write(table_root / name, noise, 16_000)
        data = (table_root / name).read_bytes()
        # The last one says how many frames it has, but not how many bytes; it is cut where no header tells
        data = data.replace(b"Info\0\0\0\x0f", b"Info\0\0\0\x01") if name == "liar.mp3" else data
        (table_root / name).write_bytes(data[: len(data) * 2 // 3])
    with_rows(table_root, "cut.wav", "cut.ogg", "cut.mp3", "liar.mp3")
    made = manifest("table", table_root, n_shards=1)
    assert made.rejected.empty
    clips = made.clips.set_index("path")
    assert (
        clips.loc["cut.wav", "duration"] == 6
        and "says 6.000 s, but it holds 3.9" in clips.loc["cut.wav", "cut"]
    )
    assert "breaks off" in clips.loc["cut.ogg", "cut"] and "says 6.000 s" in clips.loc["cut.mp3", "cut"]
    assert list(clips.loc[["a.wav", "b.flac", "c.ogg"], "cut"]) == [""] * 3
    index = tmp_path / "mels" / "mine" / "000-of-001" / "mixture.csv"
    cache_mixtures(
        made.shard_paths[0],
        table_root,
        index.with_name("x.npy"),
        index,
        index.with_name("x.csv"),
        "float32",
        1,
    )
    (tmp_path / "mine").mkdir()
    write_csv(made.clips, tmp_path / "mine" / "clips.csv")
    gather_shortened([tmp_path / "mine" / "clips.csv"], [index], tmp_path / "shortened.csv")
    told = read_csv(tmp_path / "shortened.csv").set_index("path")
    assert sorted(told.index) == ["cut.mp3", "cut.ogg", "cut.wav", "liar.mp3"] and set(told["dataset"]) == {
        "mine"
    }
    assert told.loc["cut.wav", "listed"] == 6 and told.loc["cut.wav", "decoded"] == pytest.approx(4, abs=0.05)
    assert told["decoded"].between(3, 4.2).all()


def test_clip_that_only_decoding_finds_short_is_reported_or_rejected(tmp_path):
    soundfile.write(tmp_path / "a.wav", np.zeros(32_000), 16_000)
    rows = pd.DataFrame({"id": ["a"], "path": ["a.wav"], "duration": [2.2], "cut": [""]})
    for folder, whole_only in (("told", False), ("rejected", True)):
        index = tmp_path / "mels" / folder / "000-of-001" / "mixture.csv"
        (tmp_path / folder).mkdir()
        write_csv(rows, tmp_path / folder / "clips.csv")
        cache_mixtures(
            tmp_path / folder / "clips.csv", tmp_path, index.with_name("x.npy"), index, index.with_name("x.csv"),
            "float32", 1, whole_only=whole_only,
        )  # fmt: skip
        gather_shortened([tmp_path / folder / "clips.csv"], [index], tmp_path / folder / "shortened.csv")
        told, rejected = read_csv(tmp_path / folder / "shortened.csv"), read_csv(index.with_name("x.csv"))
        assert len(told) == (not whole_only) and len(rejected) == whole_only
    assert "listed at 2.200 s, it decodes to 2.000 s" in rejected["reason"][0]


def test_without_clips_or_cuts_the_table_is_empty(tmp_path):
    gather_shortened([], [], tmp_path / "shortened.csv")
    assert (tmp_path / "shortened.csv").read_text() == "dataset,id,path,listed,decoded,reason\n"


def test_duplicate_id_is_rejected_and_names_the_first(table_root, manifest):
    with_rows(table_root, "a.wav")
    made = manifest("table", table_root)
    assert made.reasons == {"a.wav": "duplicate id: 'a' is already the id of 'a.wav'"} and made.of(
        "train"
    ) == ["a"]


def test_shards_hold_every_clip_once_without_labels(table_root, manifest):
    with_rows(table_root)
    made = manifest("table", table_root, n_shards=5)
    assert [list(shard.columns) for shard in made.shards] == [
        ["id", "path", "split", "duration", "bytes"]
    ] * 5
    dealt = {clip_id: number for number, shard in enumerate(made.shards) for clip_id in shard["id"]}
    assert dealt == {clip_id: shard_of(clip_id, 5) for clip_id in "abc"}


def test_added_clip_and_changed_label_leave_other_shards_as_they_were(table_root, manifest):
    with_rows(table_root)
    before = [path.read_bytes() for path in manifest("table", table_root, n_shards=7).shard_paths]
    write_tone(table_root / "new.wav")
    write_rows(
        table_root / "clips.csv", [HEADER, ["new.wav", "train", "y"], *([*row[:2], "y"] for row in GOOD)]
    )
    after = [path.read_bytes() for path in manifest("table", table_root, n_shards=7).shard_paths]
    assert [number for number in range(7) if before[number] != after[number]] == [shard_of("new", 7)]


def test_number_of_workers_does_not_change_the_manifest(table_root, manifest):
    with_rows(table_root, *(f"missing {number}.wav" for number in range(600)))
    one, four = manifest("table", table_root, workers=1), manifest("table", table_root, workers=4)
    assert one.clips.equals(four.clips) and one.rejected.equals(four.rejected)


@pytest.mark.parametrize("split", ["train", "validation", "test"])
def test_split_without_clips_names_root_split_and_remedy_and_writes_nothing(
    table_root, manifest, tmp_path, split
):
    rows = [row for row in GOOD if row[1][:4] != split[:4] and row[1] != split]
    write_rows(table_root / "clips.csv", [HEADER, *rows])
    message = f"own music: no usable clip for the {split} split: the metadata list none. Assign some"
    with pytest.raises(DatasetError, match=message):
        manifest("table", table_root)
    assert not (tmp_path / "manifest").exists()


def test_split_of_broken_files_alone_names_the_commonest_reason(table_root, manifest):
    (table_root / "c.ogg").unlink()
    with_rows(table_root)
    message = (
        r"test split: all 1 listed are rejected \(1 of them: there is no such file\)\. For example 'c\.ogg': there is no such "
        "file. Repair"
    )
    with pytest.raises(DatasetError, match=message):
        manifest("table", table_root)


def test_dataset_that_was_unpacked_one_folder_deeper_is_reported_where(mtat_root, manifest):
    (mtat_root / "mp3").mkdir()
    for folder in [path for path in mtat_root.iterdir() if path.is_dir() and path.name != "mp3"]:
        folder.rename(mtat_root / "mp3" / folder.name)
    with pytest.raises(
        DatasetError, match=r"It is in mp3/. Move or link the content of that folder to .*mtat"
    ):
        manifest("mtat", mtat_root)


def test_backslashes_in_all_rows_are_reported(table_root, manifest):
    rows = [["folder\\" + path, *rest] for path, *rest in GOOD]
    write_rows(table_root / "clips.csv", [HEADER, *rows])
    with pytest.raises(DatasetError, match="the path contains backslashes, write / between folders"):
        manifest("table", table_root)


@pytest.mark.parametrize("forms", [("NFC", "NFD"), ("NFD", "NFC")])
def test_name_in_the_other_normal_form_is_found(table_root, manifest, forms):
    listed, on_disk = (unicodedata.normalize(form, "Señor/é.wav") for form in forms)
    write_tone(table_root / on_disk)
    with_rows(table_root, listed)
    made = manifest("table", table_root)
    assert on_disk in set(made.clips["path"]) and not made.reasons


def test_id_that_leaves_no_room_for_a_suffix_is_rejected(table_root, manifest):
    rows = [
        [*HEADER, "id"],
        *([*row, f"{n}"] for n, row in enumerate(GOOD)),
        ["a.wav", "train", "x", "i" * 252],
    ]
    write_rows(table_root / "clips.csv", [*rows, ["a.wav", "train", "x", "i" * 251]])
    made = manifest("table", table_root)
    assert made.of("train") == ["0", "i" * 251] and len(made.rejected) == 1


def test_no_usable_file_at_all_is_the_same_error(table_root, manifest):
    for path in table_root.iterdir():
        path.unlink()
    with_rows(table_root)
    with pytest.raises(DatasetError, match="no usable clip for the train split: all 1 listed are rejected"):
        manifest("table", table_root)


def test_missing_root_is_named(tmp_path, manifest):
    with pytest.raises(DatasetError, match="nowhere: there is no such folder. Put the dataset there"):
        manifest("mtat", tmp_path / "nowhere")


def test_unknown_layout_and_option_are_named(table_root, manifest):
    with pytest.raises(
        ConfigError, match="layout: 'jamendo' is unknown. Choose one of fma, mtat, nsynth, table"
    ):
        manifest("jamendo", table_root)
    with pytest.raises(ConfigError, match="layout table has no option split; its options: table"):
        manifest("table", table_root, {"split": "cleaned"})
    with pytest.raises(ConfigError, match="layout nsynth has no option split; its options: none"):
        manifest("nsynth", table_root, {"split": "cleaned"})


def test_wrong_number_of_shard_paths_is_refused(table_root, manifest):
    with pytest.raises(ValueError, match="3 shards need as many paths, not 1"):
        write_manifest("table", table_root, {}, 3, "c", "r", "a", ["one"])


def test_rejected_clips_are_logged_by_kind(table_root, manifest, caplog):
    with_rows(table_root, "x.wav", "y.wav")
    with caplog.at_level("INFO"):
        manifest("table", table_root)
    assert "Rejected, there is no such file: 2, for example x.wav; y.wav" in caplog.text
    assert "The manifest holds 1 train, 1 validation, 1 test" in caplog.text


def test_manifest_imports_no_layout_before_it_is_asked_for():
    code = "import sys, mscol.datasets.manifest; print(*sys.modules)"
    imported = subprocess.check_output([sys.executable, "-c", code], text=True).split()
    layouts = {f"mscol.datasets.{layout}" for layout in LAYOUTS}
    assert "mscol.datasets.manifest" in imported and layouts.isdisjoint(imported)


def test_gathered_table_says_dataset_and_stage(tmp_path):
    row = ["007", 'odd "name".wav', "cannot be decoded"]
    header = tmp_path / "manifests" / "fma" / "rejected.csv"
    shard = tmp_path / "mels" / "mtat" / "000-of-001"
    for path, rows in (
        (header, [row]),
        (shard / "mixture_rejected.csv", [row]),
        (shard / "stems_rejected.csv", []),
    ):
        write_rows(path, [["id", "path", "reason"], *rows])
    stages = [shard / "mixture_rejected.csv", shard / "stems_rejected.csv"]
    gather_rejected([header], stages, tmp_path / "rejected.csv")
    gathered = read_csv(tmp_path / "rejected.csv")
    assert list(gathered.columns) == ["dataset", "stage", "id", "path", "reason"]
    assert gathered.values.tolist() == [["fma", "header", *row], ["mtat", "mixture", *row]]


def test_nothing_rejected_gathers_to_an_empty_table(tmp_path):
    gather_rejected([], [], tmp_path / "rejected.csv")
    assert (tmp_path / "rejected.csv").read_text() == "dataset,stage,id,path,reason\n"


def test_damaged_rejected_table_is_named(tmp_path):
    path = tmp_path / "manifests" / "fma" / "rejected.csv"
    write_rows(path, [["id", "path"]])
    with pytest.raises(DatasetError, match="rejected.csv: the column reason is missing"):
        gather_rejected([path], [], tmp_path / "out.csv")


PACK = Path(__file__).parents[4] / "shared" / "real_audio" / "odd"


@pytest.mark.skipif(
    not PACK.is_dir(), reason=f"{PACK} is missing: the real recordings are not on this machine"
)
def test_odd_real_files_are_each_used_or_rejected(tmp_path, manifest):
    files = sorted(str(path.relative_to(PACK)) for path in PACK.rglob("*") if path.is_file())
    rows = [[path, ("train", "valid", "test")[number % 3], "odd"] for number, path in enumerate(files)]
    write_rows(tmp_path / "list.csv", [HEADER, *rows])
    made = manifest("table", PACK, {"table": str(tmp_path / "list.csv")})
    assert sorted([*made.clips["path"], *made.rejected["path"]]) == files
    assert len(made.clips) > 20 and all(made.rejected["reason"])
