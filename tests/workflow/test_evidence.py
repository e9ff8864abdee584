"""The study in evidence/: its music from packages made here, its configs, and the collection of its results."""

import argparse
import importlib.util
import os
import shutil
import subprocess
import sys
import zipfile

import numpy as np
import pandas as pd
import pytest
import soundfile
from running import WORKFLOW, planned_jobs

EVIDENCE = WORKFLOW / "evidence"
RATE = 8000
COPYRIGHT = """\
Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/

Files: *
Copyright: 2009-2020 Some Programmers
License: GPL-3+

Files: music/*
Copyright: (c) 2012 Ann Composer <ann@example.org>
License: CC-BY-SA-4.0
"""


def write_track(path, seconds, seed, artist=None):
    """Write notes of half a second each, other notes for each seed, with some noise in all bands."""
    path.parent.mkdir(parents=True, exist_ok=True)
    random = np.random.default_rng(seed)
    pitches = 220 * 2 ** (random.integers(0, 24, 2 * seconds) / 12)
    phase = 2 * np.pi * np.cumsum(np.repeat(pitches, RATE // 2)) / RATE
    waveform = 0.5 * np.sin(phase) + 0.03 * random.normal(size=phase.size)
    with soundfile.SoundFile(path, "w", RATE, 1) as file:
        if artist:
            file.artist = artist
        for block in np.array_split(waveform, seconds):  # libsndfile crashes on long blocks of Vorbis
            file.write(block)


def build_package(folder, name, make):
    """Build NAME_1.0_all.deb in a folder, from what ``make`` writes."""
    tree = folder.parent / name
    (tree / "DEBIAN").mkdir(parents=True)
    (tree / "DEBIAN" / "control").write_text(
        f"Package: {name}\nVersion: 1.0\nArchitecture: all\nMaintainer: Tests <tests@localhost>\nDescription: music\n"
    )
    make(tree / "usr" / "share")
    folder.mkdir(exist_ok=True)
    subprocess.run(
        ["dpkg-deb", "--build", tree, folder / f"{name}_1.0_all.deb"], check=True, stdout=subprocess.DEVNULL
    )


def load(script):
    """Import a script of the study."""
    spec = importlib.util.spec_from_file_location(script, EVIDENCE / f"{script}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def music(tmp_path_factory):
    """Two soundtracks, and a third that is too small, as the script leaves them."""
    if not shutil.which("dpkg-deb"):
        pytest.skip("dpkg-deb is not on this machine")
    folder = tmp_path_factory.mktemp("evidence") / "music"
    folder.mkdir()

    def loose_files(share):
        for number, artist in enumerate([None, "<Unknown>", "Bea Singer ", *4 * [None]]):
            write_track(share / f"one/music/{number}.ogg", 31 + number, number, artist)
        soundfile.write(share / "one/music/copy of 0.flac", *soundfile.read(share / "one/music/0.ogg"))
        write_track(share / "one/music/jingle.ogg", 5, 90)
        (share / "one/music/broken.ogg").write_bytes(b"no sound")
        (share / "doc/one").mkdir(parents=True)
        (share / "doc/one/copyright").write_text(COPYRIGHT)

    def archive(share):
        files = [share / f"two/{number}.ogg" for number in range(6)]
        for number, file in enumerate(files):
            write_track(file, 100 if number == 0 else 31, 20 + number)
        with zipfile.ZipFile(share / "two/music.zip", "w") as packed:
            for file in files:
                packed.write(file, f"tracks/{file.name}")
                file.unlink()

    build_package(folder / "packages", "one", loose_files)
    build_package(folder / "packages", "two", archive)
    build_package(folder / "packages", "three", lambda share: write_track(share / "three/0.ogg", 31, 50))
    table = folder.parent / "packages.csv"
    table.write_text("package,soundtrack,licence\none,The One,\ntwo,The Two,CC0-1.0\nthree,The Three,\n")
    subprocess.run(
        [sys.executable, EVIDENCE / "fetch_soundtracks.py", folder, "--packages", table], check=True
    )
    return folder


def test_tracks_come_with_labels_splits_licences_and_artists(music):
    clips = pd.read_csv(music / "clips.csv")
    assert dict(clips["label"].value_counts()) == {"The One": 7, "The Two": 6}
    assert dict(clips.groupby("label")["split"].value_counts()) == {
        ("The One", "train"): 4, ("The One", "test"): 2, ("The One", "validation"): 1,
        ("The Two", "train"): 3, ("The Two", "test"): 2, ("The Two", "validation"): 1,
    }  # fmt: skip
    one, two = (clips[clips["label"] == label] for label in ("The One", "The Two"))
    assert sorted(one["artist"]) == sorted(one["group"]) == [*6 * ["Ann Composer"], "Bea Singer"]
    assert two["artist"].isna().all() and set(two["group"]) == {"The Two"}, "perhaps all of one artist"
    tracks = pd.read_csv(music / "tracks.csv").set_index("file")
    assert set(tracks["licence"]) == {"CC-BY-SA-4.0", "CC0-1.0"}
    longest = tracks.loc["usr/share/two/music.zip/tracks/0.ogg"]
    assert longest["seconds"] == 100
    assert soundfile.info(music / longest["path"]).duration == 90


def test_short_broken_and_doubled_tracks_are_left_out_with_a_reason(music):
    left_out = pd.read_csv(music / "left_out.csv").set_index("file")["reason"]
    assert left_out["usr/share/one/music/jingle.ogg"] == "5.0 s long, which is less than 30 s"
    assert left_out["usr/share/one/music/broken.ogg"].startswith("cannot be decoded")
    names = ["usr/share/one/music/0.ogg", "usr/share/one/music/copy of 0.flac"]
    (double,) = set(names) & set(left_out.index)
    assert left_out[double] == f"the same sound as one: {next(name for name in names if name != double)}"
    assert left_out["usr/share/three/0.ogg"] == "one of fewer than 6 tracks of its soundtrack"
    assert len(left_out) == 4


def test_soundtracks_plan_ten_pretrainings(music, tmp_path):
    (tmp_path / "music").symlink_to(music)
    planned = planned_jobs(
        WORKFLOW, tmp_path, configfiles=(EVIDENCE / "soundtracks.yaml", EVIDENCE / "gpu.yaml")
    )
    assert planned["pretrain_encoder"] == 10 and planned["train_probe"] == 12


def test_mixtures_are_pretrained_on_without_stems(music, tmp_path, monkeypatch):
    study, used = load("run"), []
    monkeypatch.setattr(study, "snakemake", lambda folder, configs, *rest: used.append((folder, configs)))
    options = argparse.Namespace(study="mixtures", preset="cpu", cores=2)
    # The other lengths are planned like 3,200 updates.
    lengths = {updates: study.LENGTHS["mixtures"][updates] for updates in (1600, 3200, 12800)}
    for updates, (seeds, models) in lengths.items():
        (tmp_path / str(updates)).mkdir()
        (tmp_path / str(updates) / "music").symlink_to(music)
        study.pretrain_and_evaluate(tmp_path, updates, list(seeds), models, options)
    n_tables = []
    for (folder, configs), (seeds, _) in zip(used, lengths.values(), strict=True):
        planned = planned_jobs(WORKFLOW, folder, configfiles=configs)
        assert planned["pretrain_encoder"] == len(seeds)
        assert not {"separate_stems", "train_separator"} & set(planned)
        n_tables.append(planned["write_results_table"])
    assert n_tables == [3, 1, 1], "mfcc and untrained do not depend on the length"


def test_embedded_songs_bring_their_stems(tmp_path, monkeypatch):
    study, used = load("run"), []
    monkeypatch.setattr(study, "snakemake", lambda folder, configs, *rest: used.append(configs))
    folder, options = tmp_path / "800", argparse.Namespace(study="embedded", preset="cpu", cores=2)
    for name in ("mtat", "nsynth", "fma", "stems"):
        (folder / "demo" / name).mkdir(parents=True)
    study.make_embedded_music(folder, options)
    study.pretrain_and_evaluate(tmp_path, 800, [1], None, options)
    (sizes,), configs = used
    assert sizes in configs, "with other sizes, the datasets would be made again"
    songs = pd.read_csv(folder / "songs.csv")
    assert dict(songs["split"].value_counts()) == {"train": 540, "validation": 60, "test": 60}
    planned = planned_jobs(WORKFLOW, folder, configfiles=configs)
    assert planned["pretrain_encoder"] == 7 and not {"separate_stems", "train_separator"} & set(planned)


def test_results_of_several_lengths_become_one_table_and_a_curve(finished, tmp_path):
    (tmp_path / "runs").mkdir()
    for updates in (10, 200):
        os.symlink(finished, tmp_path / "runs" / str(updates))
    gather = [sys.executable, EVIDENCE / "gather.py"]
    subprocess.run([*gather, tmp_path / "runs", tmp_path / "results", tmp_path / "curve.svg"], check=True)
    summary = pd.read_csv(tmp_path / "results" / "summary.csv")
    one = pd.read_csv(finished / "results" / "summary.csv")
    assert dict(summary["updates"].value_counts()) == {10: len(one), 200: len(one)}
    compared = pd.read_csv(tmp_path / "results" / "comparisons.csv")
    # Other tests may have added models.
    models = {file.stem.partition("_")[2] for file in finished.glob("results/bootstrap/*.npz")}
    references = {"untrained", "mfcc", "mixture", "bass_drums_other_vocals"} & models
    assert set(compared["reference"]) == references > set() and set(compared["updates"]) == {10, 200}
    pretrained = pd.read_csv(tmp_path / "results" / "pretraining.csv")
    assert "bass_vocals" in set(pretrained["model"]) and (pretrained["wall_seconds"] > 0).all()
    costs = pd.read_csv(tmp_path / "results" / "costs.csv").set_index(["updates", "rule"])
    assert costs.loc[(10, "pretrain_encoder"), "jobs"] == len(pretrained) / 2
    tables = (tmp_path / "results" / "table.md").read_text().splitlines()
    assert [line for line in tables if "#" in line] == [f"### {name}" for name in one["dataset"].unique()]
    assert sum(line.startswith("| `bass_vocals` | 0.") for line in tables) == one["dataset"].nunique() > 1
    lengths = (tmp_path / "results" / "lengths.md").read_text().splitlines()
    for updates in (10, 200):
        of_length = [line for line in lengths if line.startswith(f"| {updates} | `bass_vocals` | ")]
        assert len(of_length) == one["dataset"].nunique()
    curve = (tmp_path / "curve.svg").read_text()
    assert "updates of pretraining" in curve and ">mfcc<" in curve and ">bass_vocals<" in curve
    done = subprocess.run(
        [*gather, tmp_path, tmp_path / "none", tmp_path / "curve.svg"], capture_output=True, text=True
    )
    assert done.returncode == 1 and "no folder in it has results/summary.csv yet" in done.stderr


def test_points_of_the_curve_stand_at_their_updates_and_are_hollow_if_they_have_fewer_seeds():
    points = [
        ("mfcc", 800, 3),
        ("untrained", 800, 3),
        ("mixture", 200, 3),
        ("mixture", 800, 3),
        ("mixture", 3200, 1),
    ]
    summary = pd.DataFrame(
        [
            {"model": model, "updates": updates, "seeds": seeds, "metric": metric, "protocol": "frozen",
             "value": 0.3, "low": 0.2, "high": 0.4, "chance": 0.1}
            for model, updates, seeds in points
            for metric in ("accuracy", "macro_f1", "recall_at_1")
        ]
    )  # fmt: skip
    figure = load("gather").draw_curve(summary)
    assert [axis.get_ylabel() for axis in figure.axes] == ["accuracy", "macro-F1"]
    settled, fewer = (line for line in figure.axes[0].lines if line.get_marker() == "o")
    assert np.diff([*settled.get_xdata(), *fewer.get_xdata()]) == pytest.approx([2, 2, 2]), (
        "0, 200, 800, 3200"
    )
    assert fewer.get_markerfacecolor() == "white"
    assert "fewer seeds" in [text.get_text() for text in figure.legends[0].get_texts()]


def test_encoder_of_a_source_is_compared_on_what_the_source_plays(tmp_path):
    bootstrap = tmp_path / "800" / "results" / "bootstrap"
    bootstrap.mkdir(parents=True)
    labels, resampled = ["bass", "guitar", "vocal"], np.ones((1, 101, 1), np.float32)
    for model, f1 in {"bass": [0.9, 0.3, 0.1], "drums": [0.5, 0.3, 0.4], "vocals": [0.6, 0.3, 0.6]}.items():
        np.savez(
            bootstrap / f"nsynth_{model}.npz", labels=labels, protocol=["knn"], test_list=["all"], n_runs=[3],
            n_label_groups=[[8, 8, 4]], f1_per_label=resampled * np.float32(f1),
        )  # fmt: skip
    gather = load("gather")
    compared = gather.compare_sources({800: tmp_path / "800"})
    markdown = gather.markdown_of_sources(compared)
    assert "| nsynth, `bass` | played | 1 | +0.350 [+0.350, +0.350] |" in markdown
    assert "| nsynth, `bass` | rest | 2 | -0.200 [-0.200, -0.200] |" in markdown
    rows = compared[compared["labels"] == "played"].set_index("source")
    assert list(rows.index) == ["bass", "vocals"], "no encoder of other; no family that drums play"
    assert dict(rows["own_encoder"]) == {"bass": 0.9, "vocals": 0.6}
    assert dict(rows["other_encoders"]) == {"bass": 0.55, "vocals": 0.25}
    assert rows.loc["bass", "low"] == 0.35 and np.isnan(rows.loc["vocals", "low"]), "of 8 groups, and of 4"


@pytest.mark.parametrize(
    "table",
    sorted(EVIDENCE.glob("results/*/*/*.md")),
    ids=lambda path: f"{path.parts[-3]}-{path.stem}",
)
def test_page_has_the_tables_of_the_results(table):
    assert table.read_text() in (WORKFLOW / "docs" / "evidence.md").read_text()
