"""The workflow on real recordings, laid out as MagnaTagATune, NSynth and FMA unpack."""

import subprocess
import sys

import pandas as pd
import pytest
from running import WORKFLOW, run

pytestmark = pytest.mark.slow

SHARED = WORKFLOW.parent / "shared"


@pytest.fixture(scope="module")
def real_datasets(tmp_path_factory):
    tool = SHARED / "tools" / "lay_out_datasets.py"
    if not tool.is_file():
        pytest.skip(f"there is no pack of real recordings at {SHARED}")
    out = tmp_path_factory.mktemp("real")
    subprocess.run(
        [
            sys.executable,
            str(tool),
            str(SHARED / "real_audio"),
            str(out),
            "--mtat-clips",
            "24",
            "--fma-clips",
            "14",
        ],
        check=True,
    )
    return out


def test_three_roots_and_nothing_else_give_tables(workflow, real_datasets, tmp_path):
    config = tmp_path / "roots.yaml"
    config.write_text(
        "datasets:\n"
        + "".join(
            f"  {name}: {{layout: {name}, root: {real_datasets / name}}}\n"
            for name in ("mtat", "nsynth", "fma")
        )
    )
    run(
        workflow,
        tmp_path / "run",
        "--config",
        "models=[bass_vocals]",
        configfiles=("tests/tiny.yaml", config),
    )
    results = tmp_path / "run" / "results"
    n_test = {
        name: pd.read_csv(results / f"{name}_bass_vocals.csv")["n_test"].max()
        for name in ("mtat", "nsynth", "fma")
    }
    assert n_test["nsynth"] == 103
    assert min(n_test.values()) >= 2
    reasons = pd.read_csv(results / "rejected.csv").groupby("dataset")["reason"].count()
    assert dict(reasons) == {"mtat": 3, "fma": 3}  # the clips known to be empty


def test_odd_files_are_used_or_rejected_and_stop_nothing(workflow, real_datasets, tmp_path):
    odd = real_datasets / "odd"
    files = pd.read_csv(odd / "manifest.csv")["path"]
    splits = [("train", "validation", "test")[number % 3] for number in range(len(files))]
    pd.DataFrame({"path": files, "split": splits, "label": "odd"}).to_csv(odd / "clips.csv", index=False)
    config = f"datasets={{odd: {{layout: table, root: '{odd}'}}}}"
    arguments = ["--config", config, "pretraining={dataset: odd}"]
    targets = [f"mels/odd/{shard}-of-002/mixture.npy" for shard in ("000", "001")]
    run(workflow, tmp_path, *targets, *arguments, configfiles=())
    used = pd.concat(pd.read_csv(path) for path in tmp_path.glob("mels/odd/*/mixture.csv"))
    rejected = pd.concat(
        pd.read_csv(path)
        for path in [
            tmp_path / "manifests" / "odd" / "rejected.csv",
            *tmp_path.glob("mels/odd/*/mixture_rejected.csv"),
        ]
    )
    assert len(used) + len(rejected) == len(files) and len(used) >= 20
    assert rejected["reason"].str.len().min() > 10
