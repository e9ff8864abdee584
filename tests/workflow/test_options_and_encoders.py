"""Models besides the plain ones: degraded stems, encoders made elsewhere, and a run that is stopped and resumed."""

import json
import os
import shutil
import signal
import subprocess
import time

import pandas as pd
import pytest
from running import command, planned_jobs, process_of, run

DEGRADED = "results/fma_vocals-degraded5.csv"


@pytest.fixture
def again(finished, tmp_path):
    """A copy of the finished run, to be gone on with."""
    shutil.copytree(finished, tmp_path / "run")
    return tmp_path / "run"


def test_degraded_stems_make_stems_anew_but_no_encoder_of_plain_ones(workflow, again):
    encoder = again / "models" / "bass_vocals" / "seed1" / "encoder.keras"
    before = encoder.stat().st_mtime_ns
    models = ("--config", "models=[bass_vocals,vocals-degraded5]")
    for targets in ((DEGRADED,), ("all", *models)):
        jobs = planned_jobs(workflow, again, *targets)
        assert jobs["separate_stems"] == jobs["cache_degraded_mels"] == 2
        assert jobs["pretrain_encoder"] == 1, "the one of degraded stems"
    run(workflow, again, DEGRADED)
    assert len(list((again / "mels" / "mtat").rglob("vocals-degraded5.npy"))) == 2
    assert not list((again / "wav").rglob("*.wav"))
    assert len(pd.read_csv(again / DEGRADED)) == 2
    # What was trained on the plain stems is as good as before.
    assert "Nothing to be done" in run(workflow, again)
    assert encoder.stat().st_mtime_ns == before


@pytest.mark.parametrize(
    ("setting", "first"),
    [
        ("mels={dtype: float16}", "cache_stem_mels"),
        ("separation={niter: 0}", "separate_stems"),
        ("pretraining={learning_rate: 0.01}", "plan_pretraining"),
    ],
)
def test_what_changes_mels_or_training_changes_the_encoder(workflow, finished, setting, first):
    jobs = planned_jobs(workflow, finished, "--config", setting)
    assert first in jobs and jobs["pretrain_encoder"] == 1


def test_batches_of_separation_make_no_encoder_again(workflow, finished):
    jobs = planned_jobs(workflow, finished, "--config", "separation={batch_seconds: 60}")
    assert set(jobs) <= {"write_config", "describe_run", "all", "total"}


def test_changed_settings_are_seen_while_stems_are_made_again(workflow, again):
    settings = "pretraining={learning_rate: 0.01}"
    jobs = planned_jobs(workflow, again, DEGRADED, "results/fma_bass_vocals.csv", "--config", settings)
    assert jobs["cache_stem_mels"] == 2 and jobs["pretrain_encoder"] == 2


@pytest.fixture
def with_encoder(finished, tmp_path):
    """A config that names the finished encoder as one made elsewhere."""
    encoder = finished / "models" / "bass_vocals" / "seed1" / "encoder.keras"
    path = tmp_path / "encoders.yaml"
    path.write_text(f"encoders: {{brought_along: {{checkpoint: {encoder}}}}}\n")
    return ("tests/tiny.yaml", str(path))


def test_encoder_made_elsewhere_gets_the_table_that_it_gets_here(workflow, again, with_encoder):
    table = "results/fma_brought_along.csv"
    assert "pretrain_encoder" not in planned_jobs(workflow, again, table, configfiles=with_encoder)
    run(workflow, again, table, configfiles=with_encoder)
    assert (again / table).read_bytes() == (again / "results" / "fma_bass_vocals.csv").read_bytes()


def test_encoder_of_cvsm_gets_log_mels_of_its_own_and_others_keep_theirs(workflow, again, tmp_path):
    from mscol.model import build_encoder, save_encoder

    save_encoder(build_encoder(0.1, 0.1, paper="cvsm"), tmp_path / "later.keras")
    config = tmp_path / "encoders.yaml"
    config.write_text(f"encoders: {{later: {{checkpoint: {tmp_path / 'later.keras'}, paper: cvsm}}}}\n")
    files = ("tests/tiny.yaml", str(config))
    evaluation = ("--config", "evaluation={protocols: [frozen, finetuned]}")
    run(workflow, again, "results/fma_later.csv", *evaluation, configfiles=files)
    assert {path.parent.parent.name for path in (again / "mels").rglob("slices.npy")} == {"fma"}
    windows = pd.read_csv(again / "embeddings" / "fma" / "later" / "seed1" / "test.csv")["n_windows"]
    assert windows.tolist() == [30] * 3, "five a slice"
    table = pd.read_csv(again / "results" / "fma_later.csv")
    assert set(table["protocol"]) == {"frozen", "finetuned"}
    about = json.loads((again / "models" / "later" / "seed1" / "run.json").read_text())
    assert about["paper"] == "cvsm"
    for model in ("bass_vocals", "mfcc"):
        jobs = planned_jobs(workflow, again, f"results/fma_{model}.csv", configfiles=files)
        assert "cache_sliced_mels" not in jobs and "embed_clips" not in jobs


def test_stopped_pretraining_is_resumed_by_a_retry_and_both_logs_are_kept(workflow, again):
    settings = "pretraining={updates: 600, validation_every: 200, running: {checkpoint_every: 50}}"
    target = "models/mixture/seed1/encoder.keras"
    process = subprocess.Popen(
        command(workflow, again, target, "--retries", "1", "--config", settings),
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
    )  # fmt: skip
    with process:
        until = time.monotonic() + 300
        while not list((again / "checkpoints").glob("mixture/*/*/update-*.npz")) and time.monotonic() < until:
            time.sleep(0.05)
        # As a cluster does before the time limit
        os.kill(process_of("pretrain_encoder.py", again), signal.SIGTERM)
        assert process.wait() == 0
    assert (again / target).is_file()
    first, second = (
        (again / "logs" / "pretrain_encoder" / "mixture" / "seed1" / f"attempt-00{number}.log").read_text()
        for number in (1, 2)
    )
    assert "stopped by SIGTERM after update" in first and "Traceback" not in first
    assert "Going on from the checkpoint of update" in second
    history = pd.read_csv(again / "models" / "mixture" / "seed1" / "history.csv")
    assert history["step"].tolist() == [200, 400, 600]


def test_changing_how_a_run_is_run_makes_nothing_again(workflow, finished):
    running = "pretraining={running: {checkpoint_every: 3, loader_threads: 1, keep_checkpoints: 1}}"
    # The config itself is written down anew, and with it what describes the run.
    jobs = planned_jobs(workflow, finished, "--config", running)
    assert set(jobs) == {"all", "write_config", "describe_run", "total"}
