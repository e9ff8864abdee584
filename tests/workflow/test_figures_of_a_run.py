"""Which figures a run makes, and what makes them stale."""

import pandas as pd
import pytest
import yaml
from running import planned_jobs

FIGURES = "results/figures"


@pytest.fixture(scope="module")
def config(finished):
    return yaml.safe_load((finished / "results" / "config.yaml").read_text())


def test_every_figure_is_there_in_both_forms(finished, config):
    reference = config["evaluation"]["compare_with"]
    pairs = [(dataset, model) for dataset in config["datasets"] for model in config["models"]]
    names = ["comparison", "convergence", "log_mels"]
    names += [f"classes/{dataset}_{model}" for dataset, model in pairs]
    names += [f"differences/{dataset}_{model}" for dataset, model in pairs if model != reference]
    made = {path.relative_to(finished / FIGURES) for path in (finished / FIGURES).rglob("*.*")}
    assert {str(path) for path in made} == {f"{name}.{form}" for name in names for form in ("svg", "png")}


def test_figure_of_a_model_names_every_label(finished, config):
    model = config["models"][0]
    labels = pd.read_csv(finished / f"results/per_class/nsynth_{model}.csv", dtype=str)["label"]
    svg = (finished / FIGURES / f"classes/nsynth_{model}.svg").read_text()
    assert all(f">{label}<" in svg for label in labels)


def _jobs(workflow, directory, settings):
    return planned_jobs(workflow, directory, "--config", *settings)


def test_models_without_stems_have_no_figure_of_stems(workflow, tmp_path):
    jobs = _jobs(workflow, tmp_path, ["models=[mixture,untrained]"])
    assert jobs["plot_convergence"] == 1 and "plot_log_mels" not in jobs and "separate_stems" not in jobs


def test_differences_need_the_reference_among_the_models(workflow, tmp_path):
    models = "models=[untrained,mixture]"
    assert _jobs(workflow, tmp_path, [models, "evaluation={compare_with: mixture}"])["plot_differences"] == 3
    assert "plot_differences" not in _jobs(workflow, tmp_path, [models, "evaluation={compare_with: mfcc}"])


def test_several_shares_of_labels_have_a_figure(workflow, finished):
    assert "plot_label_fractions" not in planned_jobs(workflow, finished, "--forceall")
    jobs = _jobs(workflow, finished, ["evaluation={label_fractions: [0.5, 1]}"])
    assert jobs["plot_label_fractions"] == 1


def test_changed_figure_is_drawn_again_with_what_shows_it_and_no_other(workflow, finished):
    module = workflow / "workflow_scripts" / "mscol" / "figures" / "log_mels.py"
    text = module.read_text()
    try:
        module.write_text(text.replace('cmap="magma"', 'cmap="viridis"'))
        assert module.read_text() != text
        jobs = planned_jobs(workflow, finished)
    finally:
        module.write_text(text)
    assert {name for name in jobs if name not in ("all", "total")} == {
        "plot_log_mels",
        "separate_excerpt",
        "write_page",
        "describe_run",
    }


def test_changed_threshold_redraws_which_stems_are_active(workflow, finished):
    assert _jobs(workflow, finished, ["pretraining={activity_threshold: 0.02}"])["plot_log_mels"] == 1
