import numpy as np
import pandas as pd
import pytest
import soundfile
from pyarrow import parquet

from mscol.__main__ import main
from mscol.embeddings import embed_file
from mscol.model import build_encoder, load_encoder, save_encoder

RATE = 16_000


def tone(hertz, seconds, seed=0):
    noise = np.random.default_rng(seed).normal(0, 0.003, int(RATE * seconds))
    return 0.3 * np.sin(2 * np.pi * hertz * np.arange(len(noise)) / RATE) + noise


@pytest.fixture(scope="module")
def collection(encoder_file, tmp_path_factory):
    """Tones of three pitches, one of which comes in the middle of another; embedded in windows, as means and as csv."""
    folder = tmp_path_factory.mktemp("collection")
    for hertz in (200, 900, 4000):
        soundfile.write(folder / f"{hertz}.wav", tone(hertz, 4), RATE)
    soundfile.write(folder / "mixed.wav", np.concatenate([tone(200, 4), tone(4000, 2), tone(200, 3)]), RATE)
    table = folder / "windows.parquet"
    main(["embed", *map(str, [folder, "--encoder", encoder_file, "-o", table, "--threads", 1])])
    rows = pd.read_parquet(table)
    values = pd.DataFrame(np.stack(rows.pop("embedding")).astype(float)).add_prefix("v")
    rows.join(values).to_csv(folder / "windows.csv", index=False)  # as `mscol embed -o windows.csv` writes it
    means = values.groupby(rows["file"]).mean()
    means = pd.DataFrame({"file": means.index, "windows": 1, "embedding": list(means.to_numpy())})
    means.to_parquet(folder / "means.parquet")
    soundfile.write(folder / "query.wav", tone(4000, 3, seed=1), RATE)
    return folder


def similar(*arguments):
    return main(["similar", *map(str, arguments), "--threads", "1"])


def found_in(path):
    return pd.read_csv(path)["file"].str.rsplit("/").str[-1].tolist()


def test_nearest_is_found_with_the_encoder_of_the_table_and_its_place_reported(
    collection, encoder_file, tmp_path
):
    out = tmp_path / "found.csv"
    assert similar(collection / "query.wav", "--in", collection / "windows.parquet", "-k", 2, "-o", out) == 0
    assert found_in(out) == ["4000.wav", "mixed.wav"]
    found = pd.read_csv(out)
    assert 4 * 0.98 <= found["start_seconds"][1] < 6
    table = pd.read_parquet(collection / "windows.parquet")
    means = {file: np.stack(rows).mean(axis=0) for file, rows in table.groupby("file")["embedding"]}
    centre = np.mean(list(means.values()), axis=0)
    query = embed_file(collection / "query.wav", load_encoder(encoder_file)).mean(axis=0) - centre
    for file, similarity in found[["file", "similarity"]].itertuples(index=False):
        own = means[file] - centre
        assert similarity == pytest.approx(
            query @ own / np.linalg.norm(query) / np.linalg.norm(own), abs=2e-3
        )


def test_file_of_the_table_is_not_found_itself_and_needs_no_encoder(
    collection, tmp_path, monkeypatch, capsys
):
    monkeypatch.setattr("mscol.encoders.open_encoder", None)
    monkeypatch.chdir(collection)
    for query, table in (("4000.wav", "windows.parquet"), (collection / "4000.wav", "windows.csv")):
        assert similar(query, "--in", table, "-o", tmp_path / "found.csv") == 0
        assert sorted(found_in(tmp_path / "found.csv")) == ["200.wav", "900.wav", "mixed.wav"]
        assert found_in(tmp_path / "found.csv")[0] == "mixed.wav"
        assert pd.read_csv(tmp_path / "found.csv")["start_seconds"][0] == pytest.approx(4 * 0.98, abs=1)
    capsys.readouterr()
    assert similar("4000.wav", "--in", "windows.parquet", "-k", 1) == 0
    similarity, file, *place = capsys.readouterr().out.split()
    assert (
        file == f"{collection}/mixed.wav"
        and place[:3] == ["(most", "alike", "at"]
        and place[3] in ("0:03)", "0:04)")
    )
    assert similar("4000.wav", "--in", "means.parquet", "--csv", "-k", 1) == 0
    header, line = capsys.readouterr().out.splitlines()
    assert header == "file,similarity" and line.startswith(f"{file},{similarity[:4]}")


def test_tables_that_cannot_be_compared_are_reported(collection, encoder_file, tmp_path, caplog):
    for width, name in ((0.1, "other"), (0.2, "wide")):
        save_encoder(build_encoder(width, 0.1), tmp_path / f"{name}.keras")
    query, table = collection / "query.wav", collection / "windows.parquet"
    _write_with(tmp_path / "moved.parquet", table, {"encoder": "gone/encoder.keras"})
    pd.read_parquet(table).drop(columns="embedding").to_parquet(tmp_path / "without.parquet")
    (tmp_path / "text.csv").write_text("a,b\n1,2\n")
    (tmp_path / "text.parquet").write_text("no Parquet")
    for arguments, printed in [
        ([query, "--in", table, "--encoder", tmp_path / "wide.keras"], "values, but"),
        ([query, "--in", table, "--encoder", tmp_path / "other.keras"], "has other weights than the encoder"),
        (
            [query, "--in", tmp_path / "moved.parquet"],
            "was made with gone/encoder.keras, which no longer exists",
        ),
        ([query, "--in", collection / "windows.csv"], "does not name the encoder"),
        ([query, "--in", tmp_path / "without.parquet"], "column embedding is missing"),
        ([query, "--in", tmp_path / "text.csv"], "column file is missing"),
        ([query, "--in", tmp_path / "text.parquet"], "not a table of embeddings"),
        ([query, "--in", tmp_path / "none.parquet"], "file not found. Write it with mscol embed"),
        (["none.wav", "--in", table], "none.wav: there is no such file, and"),
    ]:
        caplog.clear()
        assert similar(*arguments) == 1
        assert printed in caplog.text
    assert (
        similar(
            query, "--in", collection / "windows.csv", "--encoder", encoder_file, "-o", tmp_path / "x.csv"
        )
        == 0
    )
    assert found_in(tmp_path / "x.csv")[0] == "4000.wav"


def test_csv_records_no_level_so_the_query_gets_that_of_the_option(
    collection, encoder_file, tmp_path, monkeypatch, caplog
):
    levels = []
    monkeypatch.setattr(
        "mscol.embeddings.embed_file",
        lambda path, encoder, normalise: levels.append(normalise) or embed_file(path, encoder, normalise),
    )
    query = [collection / "query.wav", "--encoder", encoder_file, "-o", tmp_path / "found.csv"]
    assert similar(*query, "--in", collection / "windows.csv", "--normalise", "file") == 0
    assert "windows.csv does not record how it was made" in caplog.text
    caplog.clear()
    assert similar(*query, "--in", collection / "windows.parquet") == 0
    assert levels == ["file", "file"] and "does not record" not in caplog.text


def test_table_of_the_query_alone_is_reported(collection, tmp_path, caplog):
    table = tmp_path / "one.parquet"
    rows = pd.read_parquet(collection / "windows.parquet")
    rows[rows["file"].str.endswith("4000.wav")].to_parquet(table)
    assert similar(collection / "4000.wav", "--in", table) == 1
    assert f"{table}: has no other file than" in caplog.text


def _write_with(path, table, about):
    read = parquet.read_table(table)
    parquet.write_table(read.replace_schema_metadata(about), path)
