"""Every mistake of a user gets one clear sentence before any job starts, and no stack trace."""

import pytest
from running import run


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--config", "sedes=[1]"], "config key 'sedes' is unknown; did you mean 'seeds'?"),
        (
            ["--config", "encoder={mine: {callable: 'my_encoder.py:embed'}}"],
            "config key 'encoder/mine' is unknown; did you mean 'encoders/mine'?",
        ),
        (
            ["--config", "pretraining={batch_size: none}"],
            "config key 'pretraining/batch_size': 'none' is not valid",
        ),
        (["--config", "models=[bass_guitar]"], "'guitar' is not a source"),
        (["--config", "models=[vocals_bass]"], "write 'bass_vocals'"),
        (["--config", "preset=large"], "'large' is not a preset. Choose one of demo, paper"),
        (["--config", "datasets={mtat: {layout: mtat, root: /no/where}}"], "there is no folder '/no/where'"),
        (["results/mtat_vocals_bass.csv"], "write 'bass_vocals'"),
        (
            ["results/gtzan_bass.csv"],
            "there is no dataset 'gtzan' in the config; the datasets are mtat, nsynth, fma",
        ),
    ],
)
def test_a_mistake_gets_one_sentence(workflow, tmp_path, arguments, sentence):
    printed = run(workflow, tmp_path, *arguments, configfiles=(), succeeds=False)
    assert sentence in printed
    assert "Traceback" not in printed
    assert len(printed.splitlines()) < 15
    assert not (tmp_path / "logs").exists()  # no job was started


def test_backend_that_nothing_here_computes_with_is_reported_before_any_job(workflow, tmp_path, monkeypatch):
    monkeypatch.setenv("KERAS_BACKEND", "torch")
    printed = run(workflow, tmp_path, configfiles=(), succeeds=False)
    assert (
        "environment variable KERAS_BACKEND: the backend 'torch' is not supported" in printed
        and "tensorflow or jax" in printed
    )
    assert "Traceback" not in printed and not (tmp_path / "logs").exists()


def test_more_gpus_than_the_machine_has_are_reported_before_any_job(workflow, tmp_path, monkeypatch):
    monkeypatch.setenv("MSCOL_GPUS", "GPU-a,GPU-b")
    several = "pretraining={running: {devices: 4}}"
    printed = run(workflow, tmp_path, "models/bass/seed1/encoder.keras", "--config", several, succeeds=False)
    assert "running/devices': 4 devices, but this run has 2 GPUs. Set a smaller number" in printed
    assert "Traceback" not in printed and not (tmp_path / "logs").exists()


def test_function_that_no_job_could_import_is_reported_before_any_job(workflow, tmp_path):
    function = tmp_path / "mine.py"
    function.write_text("import a_package_that_is_not_here\ndef embed(waveform): ...\n")
    target, config = "results/fma_mine.csv", f"encoders={{mine: {{callable: '{function}:embed'}}}}"
    printed = run(workflow, tmp_path, target, "--config", config, succeeds=False)
    assert (
        f"'encoders/mine/callable': line 1 of {function} imports 'a_package_that_is_not_here', which"
        in printed
    )
    assert "Traceback" not in printed and not (tmp_path / "logs").exists()
    function.write_text("def embed(waveform)\n    return 0\n")
    printed = run(workflow, tmp_path, target, "--config", config, succeeds=False)
    assert f'File "{function}", line 1' in printed and "SyntaxError: expected ':'" in printed
    assert "Traceback" not in printed and not (tmp_path / "logs").exists()


def test_dataset_without_a_test_split_stops_its_manifest(workflow, tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "clips.csv").write_text("path,split,label\n")
    config = "datasets={mine: {layout: table, root: mine}}"
    printed = run(
        workflow, tmp_path, "manifests/mine/clips.csv", "--config", config, "pretraining={dataset: mine}",
        configfiles=(), succeeds=False,
    )  # fmt: skip
    log = (tmp_path / "logs" / "write_manifest" / "mine.log").read_text()
    assert "split" in log and "mine" in log
    assert "Traceback" not in log and log.strip().splitlines()[-1] in printed
    repeated = printed.rpartition("1 job failed.")[2]
    assert "- Listing the clips of mine: " in repeated and "(logs/write_manifest/mine.log)" in repeated
    assert log.strip().partition(" ERROR ")[2].splitlines()[0] in repeated


def test_dataset_without_labels_is_reported_before_any_pretraining(workflow, tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "clips.csv").write_text("path,split,tags\na.wav,train,\nb.wav,test,\n")
    config = "datasets={mine: {layout: table, root: mine}}"
    printed = run(workflow, tmp_path, "--config", config, configfiles=(), succeeds=False)
    assert "The dataset 'mine' has no labels, so nothing can be evaluated on it. Ask for encoders" in printed
    assert "Traceback" not in printed and not (tmp_path / "logs").exists()


def test_published_separator_that_cannot_be_fetched_is_reported_before_anything_is_converted(
    workflow, tmp_path, monkeypatch
):
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:9")  # nothing listens there
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    printed = run(
        workflow,
        tmp_path,
        "wav/mtat/000-of-002/stems",
        "--config",
        "separation={model: umxl}",
        succeeds=False,
    )
    assert "umxl: cannot fetch the weights" in printed and "copy them to" in printed
    assert not list((tmp_path / "wav").rglob("*.wav"))
