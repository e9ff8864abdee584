"""A full disk during each kind of write: a sentence, no part of a file, and the same file once there is room."""

import errno
import subprocess
import sys

import keras
import numpy as np
import pandas as pd
import pytest
import soundfile
import torch
from matplotlib.figure import Figure

from mscol.config.effective import write_config
from mscol.embeddings.export import export_embeddings
from mscol.embeddings.functions import embed_waveforms
from mscol.errors import WriteError
from mscol.figures.style import save_figure
from mscol.io.arrays import RowWriter
from mscol.io.atomic import atomic_path
from mscol.io.files import write_csv, write_json
from mscol.model import load_saved, save_encoder
from mscol.pretraining.checkpoints import Checkpoints
from mscol.scores.files import save_scores
from mscol.scores.labels import Labelled
from mscol.separation.conversion import convert_shard
from mscol.separation.resampling import resample_stems
from mscol.synthesis.excerpts import write_mp3
from mscol.tables.measured import Measured
from mscol.tables.results import save_resamples

NOISE = np.random.default_rng(0).normal(0, 0.1, 60_000).astype(np.float32)


@pytest.fixture(scope="module")
def music(tmp_path_factory):
    """Two clips as a dataset holds them, their part of the manifest, and an index of them."""
    folder = tmp_path_factory.mktemp("music")
    for clip in ("a", "b"):
        soundfile.write(folder / f"{clip}.wav", NOISE, 16_000)
    clips = pd.DataFrame({"id": ["a", "b"], "path": ["a.wav", "b.wav"], "split": "train"})
    clips.to_csv(folder / "clips.csv", index=False)
    return folder


def write_rows(folder, music):
    with RowWriter(folder / "mixture.npy", (64,), "float32") as writer:
        for _ in range(20):
            writer.append(NOISE[:6400].reshape(-1, 64))


def write_embeddings(folder, music):
    cached = pd.DataFrame({"clip": ["a", "b"], "first_frame": [0, 400], "n_frames": 400})
    splits = ("train", "validation", "test")
    arrays, tables = ({split: folder / f"{split}.{kind}" for split in splits} for kind in ("npy", "csv"))
    embed_waveforms(
        lambda waveform: waveform[:32_000].reshape(2, -1), cached, pd.read_csv(music / "clips.csv"), music,
        arrays, tables, seed=0, crops_per_segment=2, workers=1,
    )  # fmt: skip


def write_measures(folder, music):
    values = np.random.default_rng(0).random((1, 3000))
    group = {
        "protocol": "frozen",
        "test_list": "all",
        "label_fraction": 1.0,
        "standardised": "no",
        "n_test": 9,
        "clips": "0",
    }
    per_label = {"recall": values[..., None]}
    group["measured"] = Measured([(1, 1)], {"accuracy": values}, per_label, 9, np.ones(1), np.ones(1))
    group["n_groups"] = 9
    save_resamples(folder / "bootstrap.npz", [group], ["rock"])


def small_encoder():
    values = keras.layers.Dense(3000, kernel_initializer=keras.initializers.GlorotUniform(seed=1))
    return keras.Sequential([keras.Input((98, 64, 1)), keras.layers.GlobalMaxPooling2D(), values])


def write_exported(suffix):
    def write(folder, music):
        files = [music / "a.wav", music / "b.wav"]
        export_embeddings(files, small_encoder(), folder / f"embeddings{suffix}")

    return write


def write_figure(folder, music):
    figure = Figure()
    figure.subplots().plot(NOISE[:3000])
    save_figure(figure, [folder / "figure.svg", folder / "figure.png"])


def write_weights(folder, music):
    with atomic_path(folder / "bass.pth") as partial:
        torch.save({"weight": torch.arange(30_000)}, partial)


def write_song(folder, music):
    with atomic_path(folder / "mtat") as partial:
        partial.mkdir()
        write_mp3(partial / "song.mp3", np.tile(NOISE, 4), 16_000)


WRITES = {
    "mel shard": write_rows,
    "embeddings": write_embeddings,
    "table": lambda folder, music: write_csv(pd.DataFrame({"x": NOISE[:9000]}), folder / "clips.csv"),
    "json": lambda folder, music: write_json(NOISE[:4000].tolist(), folder / "about.json"),
    "yaml": lambda folder, music: write_config({"models": ["bass"] * 9000}, folder / "config.yaml"),
    "wav": lambda folder, music: convert_shard(
        music / "clips.csv", music, folder / "audio", folder / "rejected.csv"
    ),
    "stems": lambda folder, music: resample_stems(music, folder / "stems16k"),
    "mp3": write_song,
    "encoder": lambda folder, music: save_encoder(small_encoder(), folder / "encoder.keras"),
    "scores": lambda folder, music: save_scores(
        folder / "scores.npz",
        Labelled(
            pd.DataFrame({"id": ["a"], "group": ["a"], "cleaned": [1], "labels": [""]}, index=["a"]),
            list("abcd"),
            "tagging",
        ),
        pd.DataFrame({"clip": ["a"], "n_windows": [2000]}),
        NOISE[:8000].reshape(1, 2000, 4),
    ),
    "resamples": write_measures,
    "parquet": write_exported(".parquet"),
    "exported csv": write_exported(".csv"),
    "figure": write_figure,
    "separator": write_weights,
}


@pytest.mark.parametrize("kind", WRITES)
def test_full_disk_is_reported_leaves_no_part_and_costs_nothing_once_there_is_room(
    mount, tmp_path, music, kind
):
    disk = mount(tmp_path / "disk", kilobytes=16)
    with pytest.raises(WriteError, match=r"/disk/.*: cannot be written: the disk is full. Free some space"):
        WRITES[kind](disk.folder, music)
    # What was whole before the disk was full may stay
    left = {path.name for path in disk.folder.rglob("*")}
    assert not [name for name in left if name.startswith((".partial", ".probe"))]
    disk.grow()
    WRITES[kind](disk.folder, music)
    WRITES[kind](tmp_path / "roomy", music)
    made = {path.relative_to(disk.folder) for path in disk.folder.rglob("*") if path.is_file()}
    assert made == {
        path.relative_to(tmp_path / "roomy") for path in (tmp_path / "roomy").rglob("*") if path.is_file()
    }
    for name in made:
        if name.suffix == ".keras":
            assert load_saved(disk.folder / name).count_params() > 0  # it holds the time of its making
        elif name.suffix == ".wav":  # so does the header that libsndfile gives one of floating-point numbers
            read = [soundfile.read(folder / name)[0] for folder in (disk.folder, tmp_path / "roomy")]
            np.testing.assert_array_equal(*read)
        else:
            assert (disk.folder / name).read_bytes() == (tmp_path / "roomy" / name).read_bytes(), name


def test_full_disk_keeps_the_checkpoint_before(mount, tmp_path):
    disk = mount(tmp_path / "disk", kilobytes=300)
    checkpoints = Checkpoints(disk.folder, {"seed": 1})
    state = {"network/0000": np.tile(NOISE, 1)[:40_000]}
    checkpoints.save(1, state)
    with pytest.raises(WriteError, match=r"update-000000002\.npz: cannot be written: the disk is full"):
        checkpoints.save(2, state)
    [path] = checkpoints.paths()
    np.testing.assert_array_equal(
        checkpoints.restore(lambda arrays: None)["network/0000"], state["network/0000"]
    )
    disk.grow()
    checkpoints.save(2, state)
    assert len(checkpoints.paths()) == 2 and path.exists()


def test_read_only_disk_is_reported(mount, tmp_path):
    disk = mount(tmp_path / "disk")
    write_json([1], disk.folder / "about.json")
    disk.allow_writing(False)
    with pytest.raises(WriteError, match=r"about\.json: cannot be written: the file system is read-only"):
        write_json([2], disk.folder / "about.json")
    with pytest.raises(WriteError, match="deep/about.json: cannot be written: the file system is read-only"):
        write_json([2], disk.folder / "deep" / "about.json")
    assert (disk.folder / "about.json").read_text() == "[\n  1\n]\n"


def test_folder_without_leave_to_write_is_reported(tmp_path):
    (tmp_path / "results").mkdir(mode=0o555)
    code = "from mscol.io.files import write_json; write_json(1, 'results/about.json')"
    try:
        done = subprocess.run(
            ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", sys.executable, "-c", code],
            cwd=tmp_path, capture_output=True, text=True,
        )  # fmt: skip
    except FileNotFoundError:
        pytest.skip("there is no command `setpriv`")
    assert "results/about.json: cannot be written: no permission to write to its folder" in done.stderr, (
        done.stderr
    )


def test_error_of_reading_is_not_taken_for_one_of_writing(tmp_path):
    for number in (errno.EACCES, errno.EIO):
        with pytest.raises(OSError, match="on purpose") as raised, atomic_path(tmp_path / "x.csv"):
            raise OSError(number, "on purpose", "/data/song.mp3")
        assert not isinstance(raised.value, WriteError)


def test_log_that_cannot_be_written_ends_the_job_in_a_sentence(mount, tmp_path):
    disk = mount(tmp_path / "disk")
    disk.allow_writing(False)
    code = f"from mscol.jobs.logs import log_to_file; log_to_file({str(disk.folder / 'job.log')!r})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 1 and "Traceback" not in done.stderr
    assert "job.log: cannot write this log (Read-only file system)" in done.stderr
