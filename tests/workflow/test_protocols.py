"""Ways of evaluating besides the frozen encoder: finetuned, already trained, few labels, functions of one's own."""

import shutil

import pandas as pd
import pytest
from running import planned_jobs, run

TABLE = "results/nsynth_bass_vocals.csv"
HEAD = "models/{model}/seed{seed}/heads/nsynth.keras"
CLASSIFIER = "models/{model}/seed{seed}/finetuned/nsynth.keras"
WAYS = "evaluation: {{protocols: [{}], label_fractions: [{}], datasets: [nsynth], trained: {{nsynth: {}}}}}\n"


@pytest.fixture(scope="module")
def again(finished, tmp_path_factory):
    """A copy of the finished run, to be gone on with."""
    return shutil.copytree(finished, tmp_path_factory.mktemp("protocols") / "run")


def configured(folder, text):
    path = folder / "ways.yaml"
    path.write_text(text)
    return ("tests/tiny.yaml", path)


def test_all_ways_of_evaluating_stand_in_one_table(workflow, again, tmp_path):
    trained = f"{{head: '{HEAD}'}}"
    protocols = "frozen, finetuned, evaluate, knn, logistic, shots2, retrieval, artists"
    configs = configured(tmp_path, WAYS.format(protocols, "0.5, 1", trained))
    jobs = planned_jobs(workflow, again, TABLE, configfiles=configs)
    assert "pretrain_encoder" not in jobs and "embed_clips" not in jobs
    assert (jobs["train_probe"], jobs["finetune_encoder"], jobs["score_trained"]) == (1, 2, 1)
    assert jobs["score_clip_means"] == 1
    run(workflow, again, TABLE, configfiles=configs)
    rows = pd.read_csv(again / TABLE).query("seed == 'mean'").set_index(["protocol", "label_fraction"])
    assert list(rows.index) == [
        ("frozen", 0.5),
        ("frozen", 1),
        ("finetuned", 0.5),
        ("finetuned", 1),
        ("evaluate", 1),
        ("knn", 0.5),
        ("knn", 1),
        ("logistic", 0.5),
        ("logistic", 1),
        ("shots2", 1),
        ("retrieval", 1),
    ]  # fmt: skip (NSynth knows no artists)
    assert rows["validation"].notna().sum() == 8 and rows.loc[("knn", 1), "chosen"].startswith("k = ")
    asked = rows.loc[("retrieval", 1)]
    assert (
        0 < asked["mean_average_precision"] <= 1
        and 0 < asked["recall_at_1_chance"] < 1
        and asked["n_test"] > 0
    )
    metrics = ["accuracy", "macro_f1", "accuracy_low", "accuracy_high"]
    assert rows.loc[("evaluate", 1), metrics].tolist() == rows.loc[("frozen", 1), metrics].tolist()


def test_whole_classifier_that_was_trained_before_is_scored_on_log_mels(workflow, again, tmp_path):
    configs = configured(tmp_path, WAYS.format("finetuned, evaluate", "1", f"{{classifier: '{CLASSIFIER}'}}"))
    run(workflow, again, TABLE, configfiles=configs)
    rows = pd.read_csv(again / TABLE).query("seed == 'mean'").set_index("protocol")
    assert rows.loc["evaluate", "accuracy"] == rows.loc["finetuned", "accuracy"]


def test_tasks_of_nsynth_are_evaluated_on_the_same_log_mels_and_embeddings(workflow, again, tmp_path):
    roots = {name: f"{{layout: {name}, root: demo/{name}}}" for name in ("mtat", "fma")}
    roots["nsynth"] = "{layout: nsynth, root: demo/nsynth, tasks: [family, pitch, qualities]}"
    datasets = ", ".join(f"{name}: {about}" for name, about in roots.items())
    configs = configured(tmp_path, f"datasets: {{{datasets}}}\nevaluation: {{datasets: [nsynth]}}\n")
    targets = (
        "results/summary.md",
        "models/bass_vocals/seed1/README.md",
        "results/figures/classes/nsynth-qualities_mfcc.svg",
    )
    jobs = planned_jobs(workflow, again, *targets, configfiles=configs)
    made_again = {
        "write_manifest",
        "cache_mixture_mels",
        "pretrain_encoder",
        "embed_clips",
        "embed_waveforms",
    }
    assert not made_again & set(jobs) and (jobs["write_task"], jobs["train_probe"]) == (2, 4)
    run(workflow, again, *targets, configfiles=configs)
    notes = {path.parent.name: pd.read_csv(path) for path in again.glob("manifests/nsynth*/clips.csv")}
    assert sorted(notes) == ["nsynth", "nsynth-pitch", "nsynth-qualities"]
    assert all((table["id"] == notes["nsynth"]["id"]).all() for table in notes.values())
    summary = pd.read_csv(again / "results" / "summary.csv")
    tasks = summary.groupby("dataset")["task"].first().to_dict()
    assert tasks == {
        "nsynth": "classification",
        "nsynth-pitch": "classification",
        "nsynth-qualities": "tagging",
    }
    assert (summary["synthesised"] == 1).all() and (summary["n_test"] == 11).all()
    compared = pd.read_csv(again / "results" / "comparisons.csv")
    assert set(compared["dataset"]) == set(tasks)
    for page in targets[:2]:
        assert "nsynth-qualities, synthesised" in (again / page).read_text()
    assert (again / "models/bass_vocals/seed1/heads/nsynth-pitch.keras").is_file()
    assert "Nothing to be done" in run(workflow, again, *targets, configfiles=configs)


def test_function_of_ones_own_gets_a_table_beside_the_encoders(workflow, again, tmp_path):
    function = tmp_path / "mine.py"
    function.write_text(
        "def embed(waveform):\n    return abs(waveform[:15680]).reshape(1, 4, -1).mean(axis=2)\n"
    )
    configs = configured(tmp_path, f"encoders: {{mine: {{callable: '{function}:embed'}}}}\n")
    table = "results/nsynth_mine.csv"
    run(workflow, again, table, configfiles=configs)
    assert pd.read_csv(again / table)["n_test"].tolist() == pd.read_csv(again / TABLE)["n_test"].tolist()[:2]
    assert "Nothing to be done" in run(workflow, again, table, configfiles=configs)
    function.write_text(function.read_text().replace("mean", "max"))
    jobs = planned_jobs(workflow, again, table, configfiles=configs)
    assert (jobs["embed_waveforms"], jobs["train_probe"]) == (1, 1)


def test_failing_function_is_named_with_the_clip_and_the_others_go_on(workflow, again, tmp_path):
    function = tmp_path / "broken.py"
    function.write_text("def embed(waveform):\n    raise ValueError('too loud')\n")
    configs = configured(tmp_path, f"encoders: {{broken: {{callable: '{function}:embed'}}}}\n")
    printed = run(workflow, again, "results/nsynth_broken.csv", configfiles=configs, succeeds=False)
    assert "the encoder's function failed on this file (ValueError('too loud')):" in printed
    assert f'File "{function}", line 2, in embed' in printed and "functions.py" not in printed


def test_head_that_is_not_there_is_reported_instead_of_serving_old_tables(workflow, again, tmp_path):
    configs = configured(tmp_path, WAYS.format("evaluate", "1", "{head: nowhere.keras}"))
    printed = run(workflow, again, TABLE, configfiles=configs, succeeds=False)
    assert "config key 'evaluation/trained/nsynth': there is no file 'nowhere.keras'" in printed


def test_function_cannot_be_pretrained(workflow, again):
    printed = run(workflow, again, "models/mfcc/seed1/encoder.keras", succeeds=False)
    assert "'mfcc' is a function: it is not trained" in printed and "Traceback" not in printed


def test_reference_that_is_not_among_the_models_is_reported(workflow, again):
    printed = run(workflow, again, "--dry-run", "--config", "evaluation={compare_with: vocals}")
    assert "compares no models: 'vocals' (evaluation/compare_with) is not in models" in printed
