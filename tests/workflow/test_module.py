"""The workflow as a module of another one, from its folder or by github()."""

import shutil
import subprocess

import pytest
import yaml
from running import WORKFLOW, planned_jobs, run
from small_datasets import write_rows, write_tone

from mscol.jobs.devices import MADE_UP

# Cheap enough to be made: nothing is trained, and no framework imported.
CONFIG = {
    "models": ["mfcc"],
    "datasets": {"mine": {"layout": "table", "root": "music", "shards": 1}},
    "pretraining": {"dataset": "mine"},
    "evaluation": {"protocols": ["knn"], "compare_with": "mfcc", "crops_per_segment": 2, "bootstrap_resamples": 50},
}  # fmt: skip
SNAKEFILE = """
configfile: "config.yaml"

rule all:
    input: "chosen.csv"

module mscol:
    snakefile: {snakefile}
    config: config["mscol"]

use rule * from mscol as mscol_*

use rule write_results_table from mscol as mscol_write_results_table with:
    threads: 2
    message: "A table for the other workflow, of {{wildcards.model}}"

rule choose:
    input: "results/mine_mfcc.csv"
    output: "chosen.csv"
    shell: "head -n 2 {{input}} > {{output}}"

onsuccess:
    print("The other workflow ends.")
"""


# As snakedeploy 0.17 writes it beside a copy of config/
DEPLOYED = """
configfile: "config/config.yaml"

module mscol:
    snakefile: {snakefile}
    config: config

use rule * from mscol
"""


def write_caller(folder, snakefile, **settings):
    """Another workflow, with music and settings of its own."""
    folder.mkdir(exist_ok=True)
    (folder / "Snakefile").write_text(SNAKEFILE.format(snakefile=snakefile))
    config = {"mscol": CONFIG | settings, "of another module": {}}
    (folder / "config.yaml").write_text(yaml.safe_dump(config))
    rows = [
        (f"{split}{number}.wav", split, label)
        for split in ("train", "validation", "test")
        for number, label in enumerate(("low", "high"))
    ]
    for path, *_ in rows:
        write_tone(folder / "music" / path)
    write_rows(folder / "music" / "clips.csv", [("path", "split", "label"), *rows])
    return folder


@pytest.fixture(scope="module")
def caller(tmp_path_factory):
    folder = tmp_path_factory.mktemp("other")
    return write_caller(folder / "workflow", repr(str(WORKFLOW / "Snakefile")))


@pytest.fixture
def hosted(workflow, tmp_path, monkeypatch):
    """What github() is to be told; it finds a repository of the workflow as it is, and needs no network."""
    repository = shutil.copytree(workflow, tmp_path / "hub" / "mscol" / "mscol")
    author = ["-c", "user.name=tests", "-c", "user.email=tests@localhost"]
    commit = [*author, "commit", "--quiet", "--message", "The workflow as it is"]
    for words in (["init", "--quiet"], ["add", "--all"], commit, ["tag", "v0"]):
        subprocess.run(["git", "-C", repository, *words], check=True)
    monkeypatch.setenv("GIT_CONFIG_COUNT", "1")
    monkeypatch.setenv("GIT_CONFIG_KEY_0", f"url.file://{tmp_path}/hub/.insteadOf")
    monkeypatch.setenv("GIT_CONFIG_VALUE_0", "https://github.com/")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return 'github("mscol/mscol", path="Snakefile", tag="v0")'


def test_whole_workflow_is_planned_as_a_module(caller):
    (caller / "alone.yaml").write_text(yaml.safe_dump(CONFIG))
    alone = planned_jobs(WORKFLOW, caller, configfiles=(caller / "alone.yaml",))
    as_module = planned_jobs(caller, caller, "mscol_all", configfiles=())
    assert as_module == {"total": alone.pop("total")} | {f"mscol_{rule}": n for rule, n in alone.items()}


def test_what_snakedeploy_writes_is_the_whole_workflow(tmp_path):
    (tmp_path / "workflow").mkdir()
    place = repr(str(WORKFLOW / "Snakefile"))
    (tmp_path / "workflow" / "Snakefile").write_text(DEPLOYED.format(snakefile=place))
    shutil.copytree(WORKFLOW / "config", tmp_path / "config")
    deployed = planned_jobs(tmp_path / "workflow", tmp_path, configfiles=())
    assert deployed == planned_jobs(WORKFLOW, tmp_path, configfiles=())


def test_a_module_says_once_what_concerns_the_run(caller):
    printed = run(caller, caller, "--dry-run", "mscol_estimate", "mscol_all", configfiles=())
    assert printed.count("The manifest of mine is made") == printed.count("Job stats:") == 2
    assert "What is left to do of this run: all of it" in printed


def test_estimate_of_a_module(caller):
    printed = run(caller, caller, "mscol_estimate", configfiles=())
    assert "tables and figures" in printed and "What is left to do of this run: all of it" in printed


def test_default_target_is_that_of_the_other_workflow(caller):
    planned = planned_jobs(caller, caller, configfiles=())
    assert planned["all"] == planned["choose"] == planned["mscol_write_results_table"] == 1
    assert "mscol_all" not in planned


@pytest.mark.slow
def test_a_table_is_made_by_a_module_from_github(hosted, tmp_path, monkeypatch):
    monkeypatch.setenv(MADE_UP, "GPU-one,GPU-two")
    caller = write_caller(tmp_path / "workflow", hosted)
    printed = run(caller, caller, configfiles=())
    assert (caller / "chosen.csv").read_text().startswith("protocol,")
    assert "A table for the other workflow, of mfcc" in printed
    assert "GPUs found: 2. Jobs use 2 at once." in printed  # by the hook that Snakemake does not call
    assert "The other workflow ends." in printed and not (caller / "manifests/mine/written").exists()
    assert "Nothing to be done" in run(caller, caller, configfiles=())
    run(caller, caller, "--report", "report.html", configfiles=())
    assert "a row per seed and head" in (caller / "report.html").read_text()


@pytest.mark.parametrize(("snakefile", "settings", "told"), [
    ("{place}\n    prefix: 'sub'", {}, "mscol as a module cannot have a prefix"),
    ("{place}", {"datasets": {"fma": {"layout": "fma", "root": "datasets/fma"}}, "pretraining": {"dataset": "fma"}},
     "Run `snakemake mscol_fetch_fma --cores 1` first"),
])  # fmt: skip
def test_mistakes_are_reported_in_the_words_of_the_other_workflow(tmp_path, snakefile, settings, told):
    place = repr(str(WORKFLOW / "Snakefile"))
    caller = write_caller(tmp_path / "workflow", snakefile.format(place=place), **settings)
    assert told in run(caller, caller, "--dry-run", configfiles=(), succeeds=False)
