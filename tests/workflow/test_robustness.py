"""Perturbed test clips, through the whole workflow: what is louder or fainter is heard as before, what is noisy is not."""

import shutil

import numpy as np
import pandas as pd
import pytest
from running import planned_jobs, run

PERTURBATIONS = ("gain-12", "noise10", "mp3-32")
TARGETS = ("results/figures/robustness_nsynth.svg", "results/robustness/rejected.csv")
MODELS = ("bass_vocals", "mfcc")


@pytest.fixture(scope="module")
def configs(tmp_path_factory):
    path = tmp_path_factory.mktemp("robustness") / "perturbed.yaml"
    path.write_text(f"evaluation: {{perturbations: [{', '.join(PERTURBATIONS)}], datasets: [nsynth]}}\n")
    return ("tests/tiny.yaml", path)


@pytest.fixture(scope="module")
def perturbed(workflow, finished, configs, tmp_path_factory):
    """A copy of the finished run with its notes perturbed."""
    folder = shutil.copytree(finished, tmp_path_factory.mktemp("robustness") / "run")
    run(workflow, folder, *TARGETS, configfiles=configs)
    return folder


def scores_of(folder, model, name):
    with np.load(folder / "models" / model / "seed1" / "scores" / name) as scores:
        return scores["ids"].tolist(), scores["window_scores"]


@pytest.mark.parametrize("model", MODELS)
def test_same_clips_are_scored_by_the_same_head_as_before(perturbed, model):
    ids, clean = scores_of(perturbed, model, "nsynth.npz")
    for name in PERTURBATIONS:
        again, scores = scores_of(perturbed, model, f"perturbed/nsynth/{name}.npz")
        assert again == ids
        # An encoder hears normalised clips; cepstral coefficients know how loud a clip is.
        same = np.abs(scores - clean).max() < 1e-4
        assert same == (name == "gain-12" and model != "mfcc")


def test_table_says_what_each_model_loses_and_figure_shows_it(perturbed):
    table = pd.read_csv(perturbed / "results" / "robustness.csv")
    assert list(table[["model", "perturbation"]].drop_duplicates().itertuples(index=False, name=None)) == [
        (model, name) for model in MODELS for name in PERTURBATIONS
    ]
    louder = table.query("perturbation == 'gain-12' and model != 'mfcc'")
    assert (louder["difference"] == 0).all()
    assert (table["n_left_out"] == 0).all() and set(table["n_test"]) == {11}
    for model, rows in table.groupby("model"):
        of_model = pd.read_csv(perturbed / "results" / f"nsynth_{model}.csv").query("seed == 'mean'").iloc[0]
        for row in rows.itertuples():
            assert row.clean == of_model[row.metric]
    assert (perturbed / "results" / "figures" / "robustness_nsynth.png").stat().st_size > 10_000
    assert pd.read_csv(perturbed / "results" / "robustness" / "rejected.csv").empty


def test_log_mels_stay_and_embeddings_go(perturbed):
    made = {path.name for path in (perturbed / "mels" / "nsynth").rglob("*.npy")}
    assert {f"mixture-{name}.npy" for name in PERTURBATIONS} <= made
    assert not list((perturbed / "embeddings").rglob("noise10.*"))


def test_another_perturbation_leaves_what_is_there_alone(workflow, perturbed, configs):
    assert "Nothing to be done" in run(workflow, perturbed, *TARGETS, configfiles=configs)
    more = "evaluation={perturbations: [gain-12, noise10, mp3-32, pitch+1]}"
    jobs = planned_jobs(workflow, perturbed, "results/robustness.csv", "--config", more, configfiles=configs)
    assert (jobs["cache_perturbed_mels"], jobs["score_perturbed"], jobs["write_robustness_table"]) == (
        1,
        2,
        2,
    )
    assert "train_probe" not in jobs and "embed_clips" not in jobs


def test_nothing_is_perturbed_unless_the_config_says_so(workflow, finished):
    jobs = planned_jobs(workflow, finished, "--forceall")
    assert not [rule for rule in jobs if "perturbed" in rule or "robustness" in rule]
    printed = run(workflow, finished, "results/robustness.csv", "--dry-run", succeeds=False)
    assert "config key 'evaluation/perturbations' is empty" in printed and "Traceback" not in printed
