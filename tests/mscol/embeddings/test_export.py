import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import soundfile
from pyarrow import parquet

from mscol.__main__ import main
from mscol.embeddings import embed_file
from mscol.embeddings.export import export_embeddings
from mscol.embeddings.search import find_audio, write_left_out

RATES = {
    "one.wav": (44_100, 3.2),
    "deep/two.flac": (16_000, 1.0),
    "deep/three.mp3": (22_050, 2.5),
    "x.ogg": (48_000, 9.9),
}


@pytest.fixture
def music(tmp_path):
    """Noises in four formats, a broken file, one that is too short, and one that is no audio."""
    folder = tmp_path / "müsic"
    for name, (rate, seconds) in RATES.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        soundfile.write(path, np.random.default_rng(len(name)).normal(0, 0.1, int(rate * seconds)), rate)
    (folder / "broken.mp3").write_bytes(b"")
    soundfile.write(folder / "short.wav", np.zeros(8000), 16_000)
    (folder / "notes.txt").write_text("no audio")
    return folder


def embed(*arguments):
    return main(["embed", *map(str, arguments), "--threads", "1"])


def test_each_second_of_each_file_gets_the_values_of_embed_file(encoder_file, music, tmp_path, caplog):
    from mscol.model import load_encoder

    out = tmp_path / "out.parquet"
    with caplog.at_level("INFO"):
        assert (
            embed(music, "--encoder", encoder_file.parent, "-o", out) == 1
        )  # for two files could not be embedded
    assert "2 of 6 files could not be embedded. The others are in" in caplog.text
    assert "broken.mp3: the file is empty" in caplog.text and "short.wav: too short" in caplog.text
    assert "1 files with other extensions are left out: notes.txt." in caplog.text
    rejected = pd.read_csv(tmp_path / "out.rejected.csv").set_index("path")["reason"]
    assert list(rejected.index) == [str(music / name) for name in ("notes.txt", "broken.mp3", "short.wav")]
    assert [reason.split(" (")[0] for reason in rejected] == [
        "not the extension of an audio file", "the file is empty", rejected.iloc[2].split(" (")[0],
    ]  # fmt: skip
    table = pd.read_parquet(out)
    assert list(table.columns) == ["file", "window", "start_seconds", "embedding"]
    assert table.groupby("file").size().to_dict() == {
        str(music / name): int(seconds / 0.98) for name, (_, seconds) in RATES.items()
    }
    np.testing.assert_allclose(table["start_seconds"], table["window"] * 0.98)
    encoder = load_encoder(encoder_file)
    for file, rows in table.groupby("file"):
        np.testing.assert_allclose(np.stack(rows["embedding"]), embed_file(file, encoder), atol=1e-5)
    metadata = parquet.read_schema(out).metadata
    assert metadata[b"encoder"] == str(encoder_file).encode() and len(metadata[b"weights_sha256"]) == 64


def test_name_that_is_no_utf8_is_written_so_that_it_can_be(encoder_file, music, tmp_path):
    odd = Path(os.fsdecode(os.fsencode(tmp_path) + b"/odd \xff.wav"))
    odd.write_bytes((music / "one.wav").read_bytes())
    for kind, read in (("parquet", pd.read_parquet), ("csv", pd.read_csv)):
        assert embed(odd, "--encoder", encoder_file, "-o", tmp_path / f"out.{kind}", "--mean") == 0
        assert read(tmp_path / f"out.{kind}")["file"].tolist() == [rf"{tmp_path}/odd \xff.wav"]


def test_mean_gives_a_row_a_file_and_csv_has_a_column_a_value(encoder_file, music, tmp_path):
    files = music / "one.wav", music / "x.ogg"
    assert embed(*files, "--encoder", encoder_file, "-o", tmp_path / "all.csv") == 0
    assert embed(*files, "--encoder", encoder_file, "-o", tmp_path / "mean.csv", "--mean") == 0
    windows, mean = pd.read_csv(tmp_path / "all.csv"), pd.read_csv(tmp_path / "mean.csv")
    assert mean["file"].tolist() == [str(file) for file in files] and mean["windows"].tolist() == [3, 10]
    values = windows.filter(regex=r"^v\d+$")
    assert values.shape == (13, 128)
    np.testing.assert_allclose(
        values.groupby(windows["file"], sort=False).mean(), mean.filter(like="v"), atol=1e-5
    )


def test_files_are_found_once_and_sorted_and_others_are_not(music):
    found, left_out = find_audio([music / "x.ogg", music])
    assert found[0] == music / "x.ogg" and found[1:] == sorted(found[1:])
    assert len(found) == 6 and [path for path, _ in left_out] == [music / "notes.txt"]
    found, left_out = find_audio([music, music / "notes.txt"])  # asked for by its name
    assert len(found) == 7 and left_out == []


def test_terminal_names_ten_that_were_left_out_and_the_file_all_of_them(
    encoder_file, music, tmp_path, caplog
):
    bad = tmp_path / "bad"
    bad.mkdir()
    for number in range(12):
        (bad / f"{number:02d}.wav").write_bytes(b"")
        (bad / f"{number:02d}.jpg").write_bytes(b"")
    rejected = bad / "out.rejected.csv"
    with caplog.at_level("INFO"):
        assert embed(bad, music / "x.ogg", "--encoder", encoder_file, "-o", bad / "out.csv", "--mean") == 1
    assert sum("the file is empty" in message for message in caplog.messages) == 10
    assert "09.jpg and 2 more." in caplog.text and "10.jpg" not in caplog.text
    assert f"{rejected} lists the 24 files" in caplog.text and len(pd.read_csv(rejected)) == 24
    # The next run finds what this one has written, and does not list it.
    write_left_out(find_audio([bad])[1], bad / "out.csv")
    assert pd.read_csv(rejected)["path"].tolist() == [str(path) for path in sorted(bad.glob("*.jpg"))]
    write_left_out([], bad / "out.csv")
    assert not rejected.exists()


def test_links_to_folders_are_followed_and_circles_are_noticed(music, tmp_path):
    folder = tmp_path / "folder"
    (folder / "inside").mkdir(parents=True)
    (folder / "linked").symlink_to(music)
    (folder / "inside" / "back").symlink_to(folder)
    found, _ = find_audio([folder])
    assert len(found) == len(find_audio([music])[0]) and folder / "linked" / "x.ogg" in found


def test_checkpoint_on_the_command_line_needs_its_paper(tmp_path, capsys):
    (tmp_path / "checkpoint-10.index").touch()
    for name in ("checkpoint-10", "checkpoint-10.index"):
        with pytest.raises(SystemExit, match="2"):
            main(["embed", "x.wav", "--encoder", str(tmp_path / name), "-o", "out.csv"])
        printed = " ".join(capsys.readouterr().err.split())
        assert "argument --paper" in printed and "mscol (" in printed and "cvsm (" in printed


def test_rows_of_an_encoder_of_cvsm_are_seconds(music, tmp_path):
    import keras

    layers = [keras.Input((98, 64, 1)), keras.layers.GlobalMaxPooling2D()]
    encoder = keras.Sequential(layers, name="cvsm_encoder")
    export_embeddings([music / "one.wav"], encoder, tmp_path / "out.parquet")
    table = pd.read_parquet(tmp_path / "out.parquet")
    assert table["start_seconds"].tolist() == [0, 1, 2, 3], "of 3.2 s"
    assert parquet.read_schema(tmp_path / "out.parquet").metadata[b"paper"] == b"cvsm"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ["x.wav", "--encoder", "{encoder}", "-o", "out.npy"],
            "out.npy: use a name that ends in .parquet or .csv",
        ),
        (
            ["x.wav", "--encoder", "nowhere", "-o", "out.csv"],
            "nowhere: not found. Expected an encoder.keras",
        ),
        (["x.wav", "--encoder", "{encoder}"], "required: -o/--output"),
        (["x.wav", "--encoder", "{encoder}", "-o", "out.csv", "--threads", "0"], "must be 1 or more"),
    ],
)
def test_invalid_options_are_reported(encoder_file, capsys, arguments, message):
    with pytest.raises(SystemExit, match="2"):
        main(["embed", *(argument.format(encoder=encoder_file) for argument in arguments)])
    assert message in capsys.readouterr().err


@pytest.mark.parametrize("broken", [b"no model", None])
def test_what_cannot_be_read_or_written_is_reported_in_a_sentence(
    encoder_file, music, tmp_path, caplog, broken
):
    if broken:
        (tmp_path / "broken.keras").write_bytes(broken)
        assert embed(music, "--encoder", tmp_path / "broken.keras", "-o", tmp_path / "out.csv") == 1
        assert "broken.keras: missing, damaged, or not a Keras model" in caplog.text
    else:
        (tmp_path / "file").write_text("")
        assert embed(music / "one.wav", "--encoder", encoder_file, "-o", tmp_path / "file" / "out.csv") == 1
        assert "out.csv: cannot be written" in caplog.text
    assert "Traceback" not in caplog.text and not (tmp_path / "out.csv").exists()


def test_head_is_no_encoder(music, tmp_path, caplog):
    from mscol.probes.heads import build_head

    build_head(7, 2, "classification", [], seed=0).save(tmp_path / "head.keras")
    assert embed(music, "--encoder", tmp_path / "head.keras", "-o", tmp_path / "out.csv") == 1
    assert "head.keras: not an encoder: it takes inputs of shape (7,), not log-mels" in caplog.text


def test_no_table_is_written_where_no_file_can_be_embedded(encoder_file, music, tmp_path, caplog):
    assert (
        embed(music / "short.wav", music / "gone.wav", "--encoder", encoder_file, "-o", tmp_path / "out.csv")
        == 1
    )
    assert "gone.wav: there is no such file" in caplog.text
    assert "None of the 2 files could be embedded" in caplog.text and not (tmp_path / "out.csv").exists()
    assert len(pd.read_csv(tmp_path / "out.rejected.csv")) == 2


def test_file_that_is_cut_short_is_embedded_with_a_warning(encoder_file, music, tmp_path, caplog):
    data = (music / "one.wav").read_bytes()
    (music / "one.wav").write_bytes(data[: len(data) // 2])
    assert embed(music / "one.wav", "--encoder", encoder_file, "-o", tmp_path / "out.csv") == 0
    assert "one.wav: cut short (its header says 3.200 s, but it holds 1.6" in caplog.text
    assert len(pd.read_csv(tmp_path / "out.csv")) == 1


def test_folder_without_audio_is_an_error(encoder_file, tmp_path, caplog):
    (tmp_path / "empty").mkdir()
    assert embed(tmp_path / "empty", "--encoder", encoder_file, "-o", tmp_path / "out.csv") == 1
    assert "No audio file found in" in caplog.text


def test_help_needs_no_framework():
    printed = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "mscol", "embed", "--help"],
        capture_output=True, text=True, check=True, cwd=Path(__file__).parents[3] / "workflow_scripts",
    )  # fmt: skip
    assert "read_parquet" in printed.stdout
    assert "tensorflow" not in printed.stderr and "numpy" not in printed.stderr
