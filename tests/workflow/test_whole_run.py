"""A whole run: what it makes, that it is complete, and that it is not made again."""

import contextlib
import json
import re
import shutil
import subprocess

import numpy as np
import pandas as pd
import pytest
import yaml
from rocrate.rocrate import ROCrate
from running import planned_jobs, run

from mscol.jobs.chatter import is_chatter

METRICS = {"mtat": ["roc_auc", "pr_auc"], "nsynth": ["accuracy", "macro_f1"], "fma": ["accuracy", "macro_f1"]}
MODELS = ("bass_vocals", "mfcc")


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("dataset", METRICS)
def test_each_dataset_and_model_has_a_table(finished, dataset, model):
    table = pd.read_csv(finished / "results" / f"{dataset}_{model}.csv")
    bounds = [f"{metric}{end}" for metric in METRICS[dataset] for end in ("", "_low", "_high")]
    keys = [
        "protocol",
        "test_list",
        "label_fraction",
        "standardised",
        "seed",
        "head",
        "n_test",
        "n_groups",
        "grouped_by",
        "validation",
        "chosen",
    ]
    assert list(table.columns) == [*keys, *bounds]
    assert set(table["seed"]) == {"1", "mean"} and set(table["standardised"]) == {"yes"}
    assert set(table["test_list"]) == ({"filtered", "unfiltered"} if dataset == "mtat" else {"all"})
    assert set(table["grouped_by"]) == {{"mtat": "song", "nsynth": "instrument", "fma": "artist"}[dataset]}
    for metric in METRICS[dataset]:
        assert table[metric].between(0, 1).all()
        if metric == "accuracy":  # of so few groups no other interval would hold
            assert (table[f"{metric}_low"] <= table[f"{metric}_high"]).all()


def test_unfiltered_list_holds_more_clips(finished):
    table = pd.read_csv(finished / "results" / "mtat_bass_vocals.csv").set_index("test_list")["n_test"]
    assert table["unfiltered"].max() > table["filtered"].max()


def test_summary_holds_every_table(finished):
    summary = pd.read_csv(finished / "results" / "summary.csv")
    assert {(row.dataset, row.model) for row in summary.itertuples()} == {
        (d, m) for d in METRICS for m in MODELS
    }
    text = (finished / "results" / "summary.md").read_text()
    assert all(model in text for model in MODELS)
    assert "pairs in pretraining (the published experiment: 82 million)" in text


def test_synthesised_datasets_are_called_so_in_summary_figures_and_cards(finished):
    summary = (finished / "results" / "summary.md").read_text()
    assert "mtat, nsynth and fma are synthesised" in summary and "Published figures" not in summary
    figures = ("comparison", "classes/nsynth_mfcc", "differences/fma_bass_vocals", "convergence")
    for name in figures:
        assert "say nothing about real music" in (finished / f"results/figures/{name}.svg").read_text(), name
    card = (finished / "models/bass_vocals/seed1/README.md").read_text()
    assert "| nsynth, synthesised |" in card and "evaluated_on:\n- mtat, synthesised" in card


def test_every_model_is_compared_with_the_reference(finished):
    compared = pd.read_csv(finished / "results" / "comparisons.csv")
    assert set(compared["dataset"]) == set(METRICS)
    assert set(compared["model"]) == {"bass_vocals"} and set(compared["reference"]) == {"mfcc"}
    assert np.isfinite(compared["difference"]).all()
    assert compared[["p_value", "mark"]].isna().all(axis=None)  # one seed tells nothing of another


def test_broken_clip_is_rejected_with_its_reason(finished):
    rejected = pd.read_csv(finished / "results" / "rejected.csv")
    assert rejected["reason"].str.contains("0 bytes").any()
    assert set(rejected["dataset"]) <= set(METRICS)
    shortened = pd.read_csv(finished / "results" / "shortened.csv")  # the embedded files are whole
    assert (
        list(shortened.columns) == ["dataset", "id", "path", "listed", "decoded", "reason"]
        and shortened.empty
    )


def test_run_and_card_say_how_long_the_training_clips_were(finished):
    folder = finished / "models" / "bass_vocals" / "seed1"
    assert json.loads((folder / "run.json").read_text())["clip_seconds"] == 29.125
    assert "Training recordings lasted 29.12 s." in (folder / "README.md").read_text()


def test_separator_is_judged(finished):
    table = pd.read_csv(finished / "results" / "separation.csv").set_index("stem")
    assert list(table.index) == ["bass", "drums", "other", "vocals"]
    sounding = table[table["n_songs"] > 0]  # a stem may be silent in both of the tiny run's songs
    assert len(sounding) >= 2
    assert np.isfinite(sounding.filter(like="sdr")).all(axis=None)


def test_config_of_the_run_is_written_down(finished):
    config = yaml.safe_load((finished / "results" / "config.yaml").read_text())
    assert config["pretraining"]["updates"] == 6 and config["datasets"]["fma"]["root"] == "demo/fma"


def test_folder_of_results_is_an_ro_crate_of_all_that_the_run_made(finished):
    crate = ROCrate(finished / "results")
    files = {entity.id: entity for entity in crate.get_entities() if entity.type == "File"}
    assert all((finished / "results" / name).is_file() for name in files)
    assert {
        "summary.md",
        "comparisons.csv",
        "bootstrap/mtat_mfcc.npz",
        "figures/comparison.png",
        "shortened.csv",
    } < set(files)
    assert all(file["description"] for file in files.values())
    assert files["mtat_bass_vocals.csv"]["description"].startswith(
        "Results of bass_vocals on mtat (csv): a row per seed and head"
    )
    assert files["figures/log_mels.png"]["description"] == files["figures/log_mels.svg"]["description"]
    assert not [file for file in files.values() if "{" in file.get("description", "")]
    run = crate.get("#run")
    assert {entity.id for entity in run["object"]} == {
        "#dataset/mtat",
        "#dataset/nsynth",
        "#dataset/fma",
        "config.yaml",
    }
    assert {"#encoder/bass_vocals/seed1", "summary.csv"} <= {entity.id for entity in run["result"]}


def test_what_lies_between_stages_is_gone(finished):
    assert list((finished / "wav").rglob("*.wav")) == []
    assert list((finished).rglob(".partial-*")) == []


def test_every_job_has_a_log(finished):
    logs = sorted((finished / "logs").rglob("*.log"))
    assert len(logs) > 30
    assert not [path for path in logs if "Traceback" in path.read_text()]
    assert not [line for path in logs for line in path.read_bytes().splitlines() if is_chatter(line)]


def test_second_run_has_nothing_to_do(workflow, finished):
    assert "Nothing to be done" in run(workflow, finished)


def test_changed_threshold_reruns_pretraining_and_evaluation_only(workflow, finished):
    jobs = planned_jobs(workflow, finished, "--config", "pretraining={activity_threshold: 0.02}")
    assert jobs["pretrain_encoder"] == 1 and jobs["train_probe"] == 3
    assert not {"separate_stems", "cache_stem_mels", "cache_mixture_mels", "train_separator"} & set(jobs)


def test_run_says_at_its_end_where_the_results_are(workflow, finished):
    (finished / "results" / "config.yaml").unlink()
    printed = run(workflow, finished)
    n_rejected = len(pd.read_csv(finished / "results" / "rejected.csv"))
    assert "The results are in results/index.html (open it in a browser) and results/summary.md." in printed
    assert f"Rejected clips: {n_rejected} (reasons in results/rejected.csv)." in printed
    assert (
        f"Run snakemake --report report.zip --directory {finished} --configfile {workflow}/tests/tiny.yaml for"
        in printed
    )


@pytest.mark.parametrize(
    ("setting", "told"),
    {
        "pretraining={updates: 7}": "before: 'plan/settings/updates: 6' now: 'plan/settings/updates: 7'",
        "encoder={width: 0.2}": "before: 'plan/settings/encoder/width: 0.1' now: 'plan/settings/encoder/width: 0.2'",
        "evaluation={training: {epochs: 3}}": "before: 'settings/epochs: 2' now: 'settings/epochs: 3'",
        "separation={training: {updates: 7}}": "before: 'settings/updates: 6' now: 'settings/updates: 7'",
        "separation={niter: 2}": "before: 'separator/niter: 1' now: 'separator/niter: 2'",
        "demo={sizes: {mtat: {train: 7}}}": "before: 'sizes/mtat/train: 6' now: 'sizes/mtat/train: 7'",
        "shards={mtat: 300}": "before: 'n_shards: 2' now: 'n_shards: 300'",
        "models=[mfcc]": "before: \"models: ['bass_vocals', 'mfcc']\" now: \"models: ['mfcc']\"",
    }.items(),
)
def test_a_changed_setting_is_reported_and_not_all_the_others(workflow, finished, setting, told):
    printed = run(workflow, finished, "--dry-run", "--config", setting)
    reasons = [
        line.partition("Params have changed")[2]
        for line in printed.splitlines()
        if line.startswith("Reason:")
    ]
    assert any(told in reason for reason in reasons) and max(map(len, reasons)) < 300


def test_braces_in_a_config_are_no_wildcards_of_a_rule(workflow, finished):
    trained = "evaluation={trained: {fma: {head: 'models/{model}/seed{seed}/heads/fma.keras'}}}"
    assert planned_jobs(workflow, finished, "--config", trained) == {
        "write_config": 1,
        "describe_run": 1,
        "all": 1,
        "total": 3,
    }


def test_a_plan_holds_only_what_its_model_uses(workflow, finished):
    plans = ["models/mixture/plan.json", "models/vocals-silent/plan.json", "models/mixture-masked/plan.json"]
    run(workflow, finished, *plans)
    for setting, concerned in {
        "activity_threshold: 0.02": 1, "absent: residue": 1, "mask_value: -1": 1, "masks: shared": 1, "learning_rate: 0.01": 3
    }.items():  # fmt: skip
        jobs = planned_jobs(workflow, finished, *plans, "--config", f"pretraining={{{setting}}}")
        assert jobs.get("plan_pretraining", 0) == concerned, setting
    plan = json.loads((finished / plans[0]).read_text())
    assert {"batch_size", "updates"} <= plan["settings"].keys()
    assert not {"activity_threshold", "masks", "absent", "running"} & plan["settings"].keys()


def test_changed_line_in_mels_makes_the_cache_and_what_follows_stale(workflow, finished):
    module = workflow / "workflow_scripts" / "mscol" / "mels" / "spectrogram.py"
    line = "LOWEST_HZ, HIGHEST_HZ = 60.0"
    assert line in module.read_text()
    with edited(module, lambda text: text.replace(line, line.replace("60", "61"))):
        jobs = planned_jobs(workflow, finished)
    assert (
        jobs["cache_mixture_mels"] == 4 and jobs["cache_stem_mels"] == 2 and jobs["write_results_table"] == 6
    )
    assert "make_demo_dataset" not in jobs and "train_separator" not in jobs


def test_comments_and_dates_make_nothing_stale(workflow, finished):
    # A comment in a script and in the library; and new dates of all files, as after `git checkout HEAD~30` and back
    scripts = workflow / "workflow_scripts"
    for path in (scripts / "cache_stem_mels.py", scripts / "mscol" / "mels" / "spectrogram.py"):
        with edited(path, lambda text: text + "# A comment.\n"):
            assert planned_jobs(workflow, finished) == {}
    for path in workflow.rglob("*"):
        path.touch()
    assert planned_jobs(workflow, finished) == {}


def test_copy_of_a_run_and_a_fresh_clone_have_nothing_to_do(workflow, finished, tmp_path):
    clone = tmp_path / "clone"
    shutil.copytree(workflow, clone, copy_function=shutil.copy)  # with the dates of today
    subprocess.run(["cp", "-a", finished, tmp_path / "copy"], check=True)
    assert planned_jobs(clone, tmp_path / "copy") == {}


def test_changed_line_of_a_script_runs_its_rule_again(workflow, finished):
    with edited(workflow / "workflow_scripts" / "cache_mixture_mels.py", lambda text: text + "assert True\n"):
        jobs = planned_jobs(workflow, finished)
    assert jobs["cache_mixture_mels"] == 4 and "cache_stem_mels" not in jobs


@contextlib.contextmanager
def edited(path, edit):
    """Edit a file for a while."""
    text = path.read_text()
    try:
        path.write_text(edit(text))
        yield
    finally:
        path.write_text(text)


def test_one_table_builds_exactly_what_it_needs(workflow, tmp_path):
    jobs = planned_jobs(workflow, tmp_path, "results/mtat_bass_vocals.csv")
    assert jobs.pop("total") == sum(jobs.values())
    assert jobs == {
        "make_demo_dataset": 2, "write_manifest": 1, "cache_mixture_mels": 2, "convert_to_wav": 2,
        "train_separator": 4, "describe_separator": 1, "separate_stems": 2, "resample_stems": 2,
        "cache_stem_mels": 2, "plan_pretraining": 1, "pretrain_encoder": 1, "embed_clips": 1, "train_probe": 1,
        "write_results_table": 1,
    }  # fmt: skip


def test_one_table_of_a_model_without_sources_needs_no_stems(workflow, tmp_path):
    jobs = planned_jobs(workflow, tmp_path, "results/fma_mixture.csv")
    assert not {"train_separator", "separate_stems", "cache_stem_mels"} & set(jobs)
    assert jobs["cache_mixture_mels"] == 3  # two shards to pretrain on, one to evaluate


@pytest.mark.parametrize("model", ["untrained", "mixture-masked"])
def test_models_that_the_config_does_not_name_can_be_asked_for(workflow, finished, model):
    target = f"results/nsynth_{model}.csv"
    run(workflow, finished, target)
    table = pd.read_csv(finished / target)
    assert table["accuracy"].between(0, 1).all()
    history = pd.read_csv(finished / "models" / model / "seed1" / "history.csv")
    assert len(history) == (0 if model == "untrained" else 2)
    assert "Nothing to be done" in run(workflow, finished, target)


def test_rule_graph_has_every_rule(workflow, tmp_path):
    graph = run(workflow, tmp_path, "--rulegraph")
    assert len(set(re.findall(r'label = "([a-z_]+)', graph))) >= 17


def test_no_wav_or_stem_is_left(finished):
    assert not any(path.is_file() for path in (finished / "wav").rglob("*"))


@pytest.mark.parametrize("channels", [1, 2])
def test_demo_separator_gives_the_stems_of_the_package(finished, channels):
    import soundfile
    import torch

    from mscol.separation.separate import separate
    from mscol.separation.separator import load_separator

    separator = load_separator(finished / "separators" / "demo", device="cpu")
    song = sorted((finished / "demo" / "stems" / "test").iterdir())[0] / "mixture.wav"
    waveform = soundfile.read(song, dtype="float32", always_2d=True)[0]
    if channels == 1:
        waveform = np.repeat(waveform.mean(axis=1, keepdims=True), 2, axis=1)
    stems = separate(separator, waveform)
    with torch.inference_mode():
        theirs = separator.double()(torch.from_numpy(waveform.T.copy()).double()[None])[0].numpy()
    for stem, expected in zip(("bass", "drums", "other", "vocals"), theirs, strict=True):
        np.testing.assert_allclose(stems[stem], expected.T, atol=1e-4)
