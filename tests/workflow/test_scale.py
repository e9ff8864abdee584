"""MTAT, NSynth and FMA at full size: few jobs, rules that are parsed without a look at datasets, and what it will cost."""

import re

import full_size
import pytest
import yaml
from running import planned_jobs, run

from mscol.estimate import Run, estimate, measure_dataset


@pytest.fixture(scope="module")
def full(tmp_path_factory):
    """Roots with metadata of full size, and a config of the published experiment on them."""
    folder = tmp_path_factory.mktemp("full")
    datasets = full_size.make_roots(folder / "roots")
    (folder / "full.yaml").write_text(yaml.safe_dump({"preset": "paper", "datasets": datasets}))
    return folder


@pytest.fixture(scope="module")
def planned(workflow, full):
    """The jobs of the published experiment, by rule; and what planning them opened."""
    environment, opened = full_size.watch_opened_files(full / "watch")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", environment["PYTHONPATH"])
        jobs = planned_jobs(workflow, full / "run", configfiles=(full / "full.yaml",))
    return jobs, opened()


def test_full_size_takes_at_most_5000_jobs(planned):
    jobs, _ = planned
    assert jobs["cache_mixture_mels"] == 352 and jobs["total"] <= 5_000


def test_planning_opens_no_file_of_a_dataset(planned, full):
    _, opened = planned
    assert any(line.endswith("rules/common.smk") for line in opened)
    assert [line for line in opened if line.startswith(f"open {full / 'roots'}")] == []


def test_parsing_neither_opens_nor_lists_a_dataset(workflow, full, monkeypatch):
    environment, opened = full_size.watch_opened_files(full / "watch")
    monkeypatch.setenv("PYTHONPATH", environment["PYTHONPATH"])
    printed = run(workflow, full / "run", "--list-rules", configfiles=(full / "full.yaml",))
    lines = opened()
    assert "pretrain_encoder" in printed and any(line.endswith("rules/common.smk") for line in lines)
    assert [line for line in lines if str(full / "roots") in line] == []


def test_estimate_counts_the_jobs_that_are_planned(workflow, full, planned):
    printed = run(workflow, full / "run", "estimate", configfiles=(full / "full.yaml",))
    total = int(re.search(r"^all +([\d,]+)", printed, re.MULTILINE)[1].replace(",", ""))
    assert total == planned[0]["total"] - 1  # without the rule `all`
    assert "289,205 train, 12,678 validation, 4,096 test; 340.0 hours of audio (from its metadata" in printed
    assert not (full / "run" / "manifests").exists()  # nothing was made for it


def test_estimate_is_printed_whenever_it_is_asked_for(workflow, tmp_path):
    printed = [run(workflow, tmp_path, "estimate") for _ in range(2)]
    assert all(
        "from the sizes in the config" in text and "measured on one NVIDIA H200" in text for text in printed
    )
    assert all("\n\nWhat is left to do of this run: all of it\n" in text for text in printed)


def test_estimate_says_what_is_left_of_a_run(workflow, finished):
    printed = run(workflow, finished, "estimate")
    jobs, hours, on_gpu = re.search(r"^all +(\d+) +([\d.]+) +([\d.]+)", printed, re.MULTILINE).groups()
    assert "What is left to do of this run\n\nNothing.\n" in printed
    assert f"Total from the start: {jobs} jobs, {hours} CPU hours, or {on_gpu} GPU hours" in printed


def test_estimate_of_a_target_says_what_is_left_of_it_and_makes_nothing(workflow, finished):
    target = "results/fma_drums-silent.csv"  # which no other test makes
    printed = run(workflow, finished, "estimate", target, "--dry-run")
    table = printed.partition(f"What is left to do of {target}\n")[2]
    rows = dict(re.findall(r"^([a-z][a-z -]+?) {2,}(\d+) ", table, re.MULTILINE))
    assert rows == {
        "pretraining": "2", "embeddings": "1", "heads": "1", "tables and figures": "1", "all": "5"
    }  # fmt: skip
    # Datasets, stems and mixtures are there: those of fma, and of mtat, on which it is pretrained
    assert "Left: 5 jobs" in table and "Total from the start: 26 jobs" in table
    printed = run(workflow, finished, "estimate", target, succeeds=False)
    assert f"Run `snakemake -n estimate {target}`" in printed and not (finished / target).exists()


def test_estimate_is_near_what_a_run_took_and_left(workflow, finished):
    settings = yaml.safe_load((finished / "results" / "config.yaml").read_text())
    manifests = {name: finished / "manifests" / name / "clips.csv" for name in settings["datasets"]}
    sizes = {
        name: measure_dataset(entry["layout"], finished / entry["root"], {}, manifests[name])
        for name, entry in settings["datasets"].items()
    }
    shards = {name: settings["shards"][entry["layout"]] for name, entry in settings["datasets"].items()}
    rates = yaml.safe_load((workflow / "benchmarks" / "rates.yaml").read_text())
    costs = {cost.stage: cost for cost in estimate(Run(settings, sizes, shards, frozenset(sizes), rates, 2))}
    kept = sum(
        size_of(finished / name)
        for name in (
            "demo",
            "manifests",
            "separators",
            "mels",
            "embeddings",
            "models",
            "checkpoints",
            "results",
        )
    )
    assert sum(cost.kept_bytes for cost in costs.values()) == pytest.approx(kept, rel=0.2)
    # Snakemake looks at a job's CPU time only now and then, so that of short jobs says little.
    for stage, rules in {
        "datasets": ["make_demo_dataset", "write_manifest"],
        "separation": ["separate_stems"],
        "embeddings": ["embed_clips"],
        "pretraining": ["pretrain_encoder"],
    }.items():
        took = sum(cpu_seconds(finished, rule) for rule in rules)
        assert took / 3 < costs[stage].cpu_seconds < took * 3, stage


def size_of(folder):
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def cpu_seconds(directory, rule):
    """What the jobs of a rule took, by their timings."""
    timings = [*(directory / "timings").glob(f"{rule}.tsv"), *(directory / "timings" / rule).rglob("*.tsv")]
    rows = [path.read_text().splitlines() for path in timings]
    return sum(float(row.split("\t")[header.split("\t").index("cpu_time")]) for header, row in rows)
