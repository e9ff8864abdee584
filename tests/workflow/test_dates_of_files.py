"""Files dated in the future, and what a dry run says of jobs that it cannot count."""

import os
import re
import shutil
import subprocess
import time

import numpy as np
import pytest
import soundfile
from running import planned_jobs, run

FMA = "results/fma_bass_vocals.csv"
LATER = time.time() + 86_400


@pytest.fixture
def copy(finished, tmp_path):
    """A copy of the finished run, which a test may change."""
    subprocess.run(["cp", "-a", finished, tmp_path / "run"], check=True)
    return tmp_path / "run"


def write_later(path, text, date=LATER):
    path.write_text(text)
    os.utime(path, (date, date))


def test_own_files_dated_in_the_future_are_used_and_watched(workflow, tmp_path):
    music, encoder = tmp_path / "music", tmp_path / "encoder.py"
    music.mkdir()
    lines = ["path,split,label"]
    for number in range(6):
        noise = 0.1 * np.random.default_rng(number).standard_normal(9 * 16_000)
        soundfile.write(music / f"{number}.wav", noise, 16_000)
        lines.append(f"{number}.wav,{('train', 'validation', 'test')[number % 3]},{'ab'[number // 3]}")
    write_later(music / "clips.csv", "\n".join(lines))
    write_later(encoder, "def embed(waveform):\n    return waveform[None, :4]\n")
    (tmp_path / "mine.yaml").write_text(
        "datasets: {mine: {layout: table, root: music, shards: 1}}\nencoders: {mine: {callable: 'encoder.py:embed'}}\n"
    )
    target, options = "embeddings/mine/mine/seed1/test.npy", {"configfiles": (tmp_path / "mine.yaml",)}
    run(workflow, tmp_path, target, **options)
    assert (tmp_path / target).is_file() and planned_jobs(workflow, tmp_path, target, **options) == {}
    write_later(encoder, "def embed(waveform):\n    return waveform[None, :5]\n", LATER + 60)
    assert planned_jobs(workflow, tmp_path, target, **options) == {"embed_waveforms": 1, "total": 1}
    (music / "clips.csv").touch()  # by which a user says that files changed
    assert planned_jobs(workflow, tmp_path, target, **options)["write_manifest"] == 1


def test_encoder_dated_in_the_future_is_taken_over(workflow, finished, tmp_path):
    checkpoint = shutil.copy(finished / "models" / "bass_vocals" / "seed1" / "encoder.keras", tmp_path)
    os.utime(checkpoint, (LATER, LATER))
    (tmp_path / "theirs.yaml").write_text(f"encoders: {{theirs: {{checkpoint: {checkpoint}}}}}\n")
    target = "models/theirs/seed1/encoder.keras"
    options = {"configfiles": ("tests/tiny.yaml", tmp_path / "theirs.yaml")}
    run(workflow, tmp_path / "run", target, **options)
    assert planned_jobs(workflow, tmp_path / "run", target, **options) == {}


def test_file_of_a_run_that_is_dated_in_the_future_is_reported_before_anything_is_made(workflow, copy):
    later = copy / "mels" / "fma" / "000-of-001" / "mixture.npy"
    os.utime(later, (LATER, LATER))
    printed = run(workflow, copy, FMA, succeeds=False)
    assert "mels/fma/000-of-001/mixture.npy: dated 2" in printed and "today's date (touch)" in printed
    assert "Traceback" not in printed and (copy / FMA).is_file()


def test_dry_run_says_what_a_manifest_may_bring(workflow, copy):
    arguments = [FMA, "--dry-run"]
    assert "The manifest" not in run(workflow, copy, *arguments)
    os.utime(copy / "demo" / "fma" / ".snakemake_timestamp")
    counted = planned_jobs(workflow, copy, *arguments)["total"]
    printed = run(workflow, copy, *arguments)
    told = re.search(r"The manifest of fma is made again; after it, up to (\d+) more jobs follow\.", printed)
    assert "The manifest" not in run(workflow, copy, *arguments, "--quiet")
    # Without the manifest all that may follow is counted
    shutil.rmtree(copy / "manifests" / "fma")
    assert counted + int(told[1]) == planned_jobs(workflow, copy, *arguments)["total"]
    assert "after it, no jobs follow except those counted above" in run(workflow, copy, *arguments)
