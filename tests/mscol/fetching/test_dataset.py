"""A dataset from its archives: whole or not at all, never twice, never over another one."""

import fcntl
import os

import pytest
from small_archives import MTAT_CLIPS, sha256, tarred, zipped
from small_datasets import Manifest

from mscol.errors import ArchiveError, FetchError


@pytest.mark.parametrize(("layout", "options"), [("mtat", {"split": "folder"}), ("nsynth", {}), ("fma", {})])
def test_fetched_dataset_is_one_that_its_reader_takes(fetch, tmp_path, layout, options):
    run = fetch(layout)
    record = run()
    assert record["layout"] == layout and record["counts"] == run.counts
    assert {entry["name"]: entry["checksum"] for entry in record["files"]} == {
        name: sha256(content) for name, content in run.server.files.items()
    }
    assert sorted(path.name for path in run.root.parent.iterdir()) == [layout, f"{layout}.json"]
    manifest = Manifest(tmp_path / "manifest", layout, run.root, options)
    assert len(manifest.clips) == sum(run.counts.values()) - (layout == "mtat")
    assert list(manifest.rejected["path"]) == ["6/empty-0-29.mp3"] * (layout == "mtat")


def test_dataset_that_is_there_is_not_fetched_again(fetch):
    run = fetch("nsynth")
    first = run()
    run.record.unlink()
    assert run() == first
    assert len(run.server.sent) == len(run.files)


def test_dataset_that_lost_a_clip_is_reported_and_stays_as_it_is(fetch):
    run = fetch("mtat")
    run()
    (run.root / "b" / "train_more-0-29.mp3").unlink()
    with pytest.raises(
        FetchError,
        match=r"4 files match .*, expected 5 .*b/train_more-0-29.mp3\).* Move the folder .* away",
    ):
        run()
    assert (run.root / "0" / "train-0-29.mp3").exists() and len(run.server.sent) == len(run.files)


def test_dataset_of_other_archives_is_not_taken_for_the_wanted_one(fetch):
    run = fetch("fma")
    run()
    run.files["fma_small.zip"]["checksum"] = sha256(b"another")
    with pytest.raises(FetchError, match="fma: was made from another fma_small.zip .* Move the folder away"):
        run()


def test_folder_of_somebody_elses_making_is_taken_only_if_it_is_complete(fetch):
    run = fetch("mtat")
    run()
    (run.root / ".fetched.json").unlink()
    assert run()["files"] == []
    (run.root / "0" / "train-0-29.mp3").unlink()
    with pytest.raises(FetchError, match="mtat: 4 files match .*Move the folder .*/mtat away"):
        run()


def test_wrong_checksum_leaves_nothing(fetch):
    run = fetch("mtat")
    right = run.server.files["mp3.zip.002"]
    run.server.files["mp3.zip.002"] = right[:-1] + b"?"
    with pytest.raises(
        FetchError, match=r"mp3\.zip\.002: wrong checksum, expected sha256:.*The download was removed"
    ):
        run()
    assert not run.root.exists() and not run.record.exists()
    assert not list(run.downloads.glob("mp3.zip.002*"))
    run.server.files["mp3.zip.002"] = right
    run()
    assert len(run.server.sent_of("mp3.zip.001")) == 1 and len(run.server.sent_of("mp3.zip.002")) == 2


def test_archive_without_a_checksum_must_be_whole(fetch):
    run = fetch("nsynth")
    run.without_checksums()
    right = run.server.files["nsynth-valid.jsonwav.tar.gz"]
    run.server.files["nsynth-valid.jsonwav.tar.gz"] = right[:-100] + right[-99:] + b"\0"
    with pytest.raises(ArchiveError, match=r"nsynth-valid\.jsonwav\.tar\.gz: damaged"):
        run()
    assert run.left() == [
        f".nsynth-downloads/nsynth-{split}.jsonwav.tar.gz{suffix}"
        for split in ("test", "train")
        for suffix in ("", ".source")
    ]
    run.server.files["nsynth-valid.jsonwav.tar.gz"] = right
    record = run()
    assert {entry["checksum"] for entry in record["files"]} == set(map(sha256, run.server.files.values()))
    assert len(run.server.sent_of("nsynth-train.jsonwav.tar.gz")) == 1


def test_missing_clips_are_named_and_the_archives_kept(fetch):
    run = fetch("fma")
    clips = {f"fma_small/{track[:3]}/{track}.mp3": b"x" for track in ("000002", "099134")}
    run.server.files["fma_small.zip"] = zipped(clips)
    run.without_checksums()
    with pytest.raises(
        FetchError,
        match=r"2 files match fma_small/\*/\*\.mp3, expected 3 \(listed but missing: 1, for example fma_small/000/000010",
    ):
        run()
    assert not run.root.exists() and (run.downloads / "fma_small.zip").exists()
    run.counts["fma_small/*/*.mp3"] = 2
    run()
    assert len(run.server.sent) == 2


@pytest.mark.parametrize("member", ["../evil", "/tmp/evil-of-a-test", "fma_metadata/tracks.csv"])
def test_attackers_archive_leaves_nothing_inside_or_outside(fetch, member):
    run = fetch("fma")
    run.server.files["fma_small.zip"] = zipped({"fma_small/000/000002.mp3": b"", member: b"evil"})
    run.files["fma_small.zip"]["checksum"] = ""
    with pytest.raises(ArchiveError, match=r"fma_small\.zip: refused, because"):
        run()
    assert not run.root.exists() and not run.record.exists()
    assert run.left() == [f".fma-downloads/fma_metadata.zip{suffix}" for suffix in ("", ".source")]
    assert not os.path.exists("/tmp/evil-of-a-test")


def test_later_member_of_a_tar_that_is_refused_takes_the_earlier_ones_with_it(fetch):
    run = fetch("nsynth")
    run.server.files["nsynth-test.jsonwav.tar.gz"] = tarred(
        {"nsynth-test/audio/x.wav": b"", "../evil": b"evil"}
    )
    run.without_checksums()
    with pytest.raises(ArchiveError, match="leaves its folder"):
        run()
    assert not run.root.exists() and not (run.downloads / "unpacked").exists()


def test_archives_on_this_machine_are_read_where_they_lie(fetch, tmp_path):
    run = fetch("mtat")
    mine = tmp_path / "mine"
    mine.mkdir()
    for name, content in run.server.files.items():
        (mine / name).write_bytes(content)
        run.files[name]["address"] = (mine / name).as_uri() if name.startswith("mp3") else str(mine / name)
    run()
    assert len(list(mine.iterdir())) == len(run.files) and run.server.sent == []
    assert len(list(run.root.glob("*/*.mp3"))) == len(MTAT_CLIPS)


def test_missing_archive_on_this_machine_is_reported(fetch, tmp_path):
    run = fetch("fma")
    run.files["fma_small.zip"]["address"] = str(tmp_path / "nowhere.zip")
    with pytest.raises(FetchError, match=r"nowhere\.zip: there is no such file. Correct the address"):
        run()
    assert run.server.sent == []


def test_too_little_room_is_reported_before_anything_is_downloaded(fetch):
    run = fetch("fma")
    run.limit_bytes = 1 << 60
    with pytest.raises(FetchError, match=r"needs \d+\.\d GB of disk, but only .* are free. Free some space"):
        run()
    assert run.server.sent == []


def test_disk_that_fills_up_while_unpacking_leaves_no_half_dataset(fetch, small_disk):
    disk = small_disk("size=4m,nr_inodes=18")
    run = fetch("mtat", disk=disk)
    with pytest.raises(
        FetchError, match=r"the disk is full, .* At most .* are needed, .* Downloads are kept"
    ):
        run()
    assert not run.root.exists() and not (run.downloads / "unpacked").exists()
    small_disk("remount,size=4m,nr_inodes=100")
    run()
    assert len(run.server.sent) == len(run.files)  # none came twice
    assert len(list(run.root.glob("*/*.mp3"))) == len(MTAT_CLIPS)


def test_disk_that_fills_up_while_downloading_keeps_what_has_come(fetch, small_disk):
    disk = small_disk("size=64k")
    run = fetch("nsynth", disk=disk)
    name, limit = "nsynth-train.jsonwav.tar.gz", run.limit_bytes
    run.server.files[name] += os.urandom(100_000)  # more than it says
    run.server.says_sizes = False
    run.limit_bytes = 1000
    with pytest.raises(FetchError, match=r"the disk is full"):
        run()
    partial = (run.downloads / f"{name}.partial").stat().st_size
    assert partial > 20_000 and not run.root.exists()
    run.server.files[name] = run.server.files[name][:-100_000] + bytes(100_000)  # zeros that gzip passes over
    small_disk("remount,size=4m")
    run.limit_bytes = limit
    run.files[name]["checksum"] = sha256(run.server.files[name])
    run()
    assert run.root.exists()


def test_folder_that_cannot_be_written_is_reported(fetch, tmp_path):
    run = fetch("fma")
    run.root.parent.write_text("a file where the folder of datasets should be")
    with pytest.raises(FetchError, match=r"cannot be written or read \((Not a directory|File exists)\)"):
        run()


def test_link_that_the_dataset_cannot_replace_is_reported_before_anything_is_downloaded(fetch, tmp_path):
    run = fetch("fma")
    (tmp_path / "big disk").mkdir()
    run.root.parent.mkdir(parents=True, exist_ok=True)
    run.root.symlink_to(tmp_path / "big disk")
    with pytest.raises(FetchError, match="is a link or a mounted disk.* set 'downloads/folder'"):
        run()
    assert not run.downloads.exists()


def test_folder_whose_record_is_damaged_is_taken_if_it_is_complete(fetch):
    run = fetch("fma")
    run()
    (run.root / ".fetched.json").write_text("")
    run()


def test_remains_of_a_killed_attempt_are_cleared_away(fetch):
    run = fetch("fma")
    (run.downloads / "unpacked" / "fma_small").mkdir(parents=True)
    (run.downloads / "unpacked" / "fma_small" / "half.mp3").touch()
    run()
    assert not list(run.root.rglob("half.mp3"))


def test_second_fetch_at_once_is_refused(fetch):
    run = fetch("fma")
    run.downloads.mkdir(parents=True)
    handle = os.open(run.downloads, os.O_RDONLY)
    fcntl.flock(handle, fcntl.LOCK_EX)
    with pytest.raises(FetchError, match="another process is fetching this dataset"):
        run()
    os.close(handle)
    run()
