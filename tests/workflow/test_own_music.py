"""A user's own music by a table, with awkward names and brought stems; and clips that join later."""

import numpy as np
import pandas as pd
import pytest
import soundfile
from running import planned_jobs, run

from mscol.__main__ import main

pytestmark = pytest.mark.slow

RATE = 16_000
STEMS = ("bass", "drums", "other", "vocals")
NAMES = ["plain", "with space", 'it\'s "quoted"', "Ñandú – Séculaire", "sub folder/ça va", "100% & more #1"]


def make_clip(root, stems_root, name, number):
    """A clip of four tones at random levels, and the tones as its stems."""
    generator = np.random.default_rng(number)
    seconds = np.arange(9 * RATE) / RATE
    stems = {
        stem: 0.15
        * generator.uniform(0.5, 1)
        * np.sin(2 * np.pi * base * generator.uniform(1, 1.5) * seconds)
        for stem, base in zip(STEMS, (80, 1500, 400, 700), strict=True)
    }
    for path, waveform in [
        (root / f"{name}.flac", sum(stems.values())),
        *((stems_root / name / f"{stem}.wav", stems[stem]) for stem in STEMS),
    ]:
        path.parent.mkdir(parents=True, exist_ok=True)
        soundfile.write(path, waveform, RATE)


def make_dataset(root, stems_root, copies):
    rows = []
    for number in range(copies * len(NAMES)):
        name = NAMES[number % len(NAMES)] + (f" {number}" if number >= len(NAMES) else "")
        make_clip(root, stems_root, name, number)
        rows.append(
            (f"{name}.flac", ("train", "validation", "test")[number % 3], "low" if number % 2 else "high")
        )
    table = pd.DataFrame(rows, columns=["path", "split", "label"])
    table.to_csv(root / "clips.csv", index=False)
    return table


def test_own_music_with_awkward_names_and_stems_of_its_own(workflow, tmp_path):
    root, stems_root = tmp_path / 'my "own" müsic', tmp_path / "their stems"
    table = make_dataset(root, stems_root, copies=4)
    table.loc[len(table)] = ("gone.flac", "train", "low")
    table.to_csv(root / "clips.csv", index=False)
    (tmp_path / "mine.yaml").write_text(
        f"datasets: {{mine: {{layout: table, root: {root.name!r}, stems: {stems_root.name!r}}}}}\n"
        "pretraining: {dataset: mine}\nmodels: [bass_vocals]\n"
    )
    options = {"configfiles": ("tests/tiny.yaml", tmp_path / "mine.yaml")}
    run(workflow, tmp_path, **options)
    results = pd.read_csv(tmp_path / "results" / "mine_bass_vocals.csv")
    assert (results["n_test"] == (table["split"] == "test").sum()).all()
    rejected = pd.read_csv(tmp_path / "results" / "rejected.csv")
    assert list(rejected["path"]) == ["gone.flac"]
    assert not (tmp_path / "separators").exists()
    assert "Nothing to be done" in run(workflow, tmp_path, **options)


def test_separator_of_synthesised_songs_is_reported_before_it_separates_own_music(workflow, tmp_path):
    make_dataset(tmp_path / "music", tmp_path / "their stems", copies=1)
    told = "stems of mine come from a small Open-Unmix that this workflow trained on synthesised songs"

    def says(*settings, more=""):
        (tmp_path / "mine.yaml").write_text(
            f"datasets: {{mine: {{layout: table, root: music{more}}}}}\npretraining: {{dataset: mine}}\n"
        )
        settings = ["--config", *settings] if settings else []
        options = {"configfiles": ("tests/tiny.yaml", tmp_path / "mine.yaml")}
        return " ".join(
            run(workflow, tmp_path, "--dry-run", "--quiet", "rules", *settings, **options).split()
        )

    assert told in says()
    assert told not in says(more=", stems: 'their stems'")
    (tmp_path / "earlier").mkdir()
    for stem in STEMS:
        (tmp_path / "earlier" / f"{stem}.json").write_text('{"validation_loss": 0.25}')
    printed = says("separation={model: earlier}")
    assert told in printed and "bass 0.25, drums 0.25" in printed


def test_added_clip_reruns_its_own_shard_only(workflow, tmp_path):
    root = tmp_path / "music"
    table = make_dataset(root, tmp_path / "unused", copies=4)
    options = {"configfiles": (tmp_path / "mine.yaml",)}
    (tmp_path / "mine.yaml").write_text(
        "datasets: {mine: {layout: table, root: music, shards: 5}}\npretraining: {dataset: mine}\n"
    )
    targets = [f"mels/mine/{shard:03d}-of-005/mixture.npy" for shard in range(5)]
    run(workflow, tmp_path, *targets, **options)
    assert planned_jobs(workflow, tmp_path, *targets, **options) == {}
    before = {target: (tmp_path / target).stat().st_mtime_ns for target in targets}
    make_clip(root, tmp_path / "unused", "a late comer", 99)
    table.loc[len(table)] = ("a late comer.flac", "train", "low")
    table.to_csv(root / "clips.csv", index=False)
    run(workflow, tmp_path, *targets, **options)
    changed = [target for target in targets if (tmp_path / target).stat().st_mtime_ns != before[target]]
    assert len(changed) == 1
    index = pd.read_csv((tmp_path / changed[0]).with_suffix(".csv"))
    assert "a late comer" in set(index["clip"])
    assert planned_jobs(workflow, tmp_path, *targets, **options) == {}


def test_dataset_and_config_that_mscol_new_writes_are_taken(workflow, tmp_path):
    for number in range(9):
        make_clip(
            tmp_path / "müsic" / ("high", "low", "quiet")[number % 3],
            tmp_path / "unused",
            str(number),
            number,
        )
    assert main(["new", str(tmp_path / "müsic"), "-o", str(tmp_path / "mine.yaml"), "--preset", "demo"]) == 0
    options = {"configfiles": ("tests/tiny.yaml", tmp_path / "mine.yaml")}
    targets = ["results/msic_bass_vocals.csv"]
    assert planned_jobs(workflow, tmp_path, *targets, **options)["write_manifest"] == 1
    run(workflow, tmp_path, "manifests/msic/clips.csv", **options)
    manifest = pd.read_csv(tmp_path / "manifests" / "msic" / "clips.csv")
    assert manifest.groupby("split")["labels"].nunique().to_dict() == {"test": 3, "train": 3, "validation": 3}
    assert planned_jobs(workflow, tmp_path, *targets, **options)["train_probe"] == 1
