"""A separator that is a Python function of the user's: the one of docs/separators.md, through Snakemake."""

import re

import numpy as np
import pandas as pd
import pytest
from running import WORKFLOW, planned_jobs, run

SHARD = "mels/mtat/000-of-002"
PLAN = "models/drums/plan.json"


@pytest.fixture
def separator(tmp_path):
    """The file of the page's function, and the arguments that name it."""
    page = (WORKFLOW / "docs" / "separators.md").read_text()
    code = next(block for block in re.findall(r"```python\n(.*?)```", page, re.DOTALL) if "hpss" in block)
    file = tmp_path / "hpss.py"
    file.write_text(code)
    return file, (
        "--config",
        f"separation={{callable: '{file}:separate', stems: [drums, other]}}",
        "models=[drums]",
    )


def test_stems_of_a_function_become_log_mels_and_follow_its_code(workflow, tmp_path, separator):
    file, named = separator
    targets = (f"{SHARD}/stems.csv", f"{SHARD}/degraded5.csv", PLAN)
    run(workflow, tmp_path, *targets, "results/separation.csv", *named)
    judged = pd.read_csv(tmp_path / "results" / "separation.csv").set_index("stem")
    assert list(judged.index) == ["drums", "other"] and judged.loc["drums", "gain"] > 0
    folder = tmp_path / SHARD
    assert {path.stem for path in folder.glob("*.npy")} == {
        "drums",
        "other",
        "drums-degraded5",
        "other-degraded5",
    }
    clips = pd.read_csv(folder / "stems.csv")
    assert len(clips) > 1
    drums, other = (np.load(folder / f"{stem}.npy") for stem in ("drums", "other"))
    assert drums.shape == other.shape == (clips["n_frames"].sum(), 64)
    assert drums.std() > 1 and not np.array_equal(drums, other)
    assert {"drums", "other_reference"} < set(
        pd.read_csv(folder / "activity.csv")
    ) and "bass" not in pd.read_csv(folder / "activity.csv")
    assert not (tmp_path / "separators").exists(), "no Open-Unmix was trained"
    assert not list((tmp_path / "wav").rglob("*.wav"))

    file.write_text("# another comment\n" + file.read_text())
    assert planned_jobs(workflow, tmp_path, *targets, *named) == {}
    file.write_text(file.read_text().replace("margin=2.0", "margin=3.0"))
    jobs = planned_jobs(workflow, tmp_path, *targets, *named)
    assert jobs["separate_stems"] == jobs["cache_stem_mels"] == jobs["plan_pretraining"] == 1


def test_new_weights_in_a_folder_are_noticed(workflow, tmp_path):
    table, weights = tmp_path / "results" / "separation.csv", tmp_path / "mine" / "bass.pth"
    for path in (tmp_path / "demo" / "stems" / "made", weights, table):
        path.parent.mkdir(parents=True)
        path.touch()
    target = "results/separation.csv", "--config", "separation={model: mine}"
    assert planned_jobs(workflow, tmp_path, *target) == {}
    weights.touch()
    assert planned_jobs(workflow, tmp_path, *target)["judge_separator"] == 1


def test_what_the_config_of_a_separator_gets_wrong_is_reported_before_any_job(workflow, tmp_path, separator):
    file, named = separator
    both = ("--config", f"separation={{callable: '{file}:separate', model: umxl}}")
    for arguments, sentence in (
        (("results/fma_bass.csv", *named), "'bass' needs the source bass, which the separator does not give"),
        (both, f"'umxl' and '{file}:separate' cannot both separate"),
        (("--config", "separation={stems: [drums]}"), "Open-Unmix separates bass, drums, other, vocals"),
    ):
        printed = run(workflow, tmp_path, *arguments, succeeds=False)
        assert sentence in printed and "Traceback" not in printed
    file.write_text("import a_package_that_is_not_here\n" + file.read_text())
    printed = run(workflow, tmp_path, f"{SHARD}/stems.csv", *named, succeeds=False)
    assert f"'separation/callable': line 1 of {file} imports 'a_package_that_is_not_here'" in printed
    assert not (tmp_path / "logs").exists()
