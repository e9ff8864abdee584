import json

import numpy as np
import pandas as pd
import pytest

from mscol.errors import CacheError
from mscol.tables import summarise_results, write_results_table


@pytest.fixture
def tagged(tmp_path):
    """Scores of two seeds on 60 clips, 40 of them cleaned; the third tag never occurs."""
    generator = np.random.default_rng(0)
    labels = np.zeros((60, 3), np.uint8)
    labels[:40, :2] = generator.integers(2, size=(40, 2))
    paths = []
    for seed in (0, 1):
        path = tmp_path / f"scores{seed}.npz"
        windows = np.repeat(labels, 2, axis=0) * 0.4 + generator.random((120, 3)) * 0.5
        save(path, labels, windows, [2] * 60, cleaned=[1] * 40 + [0] * 20)
        paths.append(path)
    about = write_about(tmp_path, "tagging", ["rock", "slow", "sitar"])
    return paths, about


@pytest.fixture
def classified(tmp_path):
    path = tmp_path / "classes.npz"
    # Windows 2, 1, 1, 2: sums [1, 4], [3, 1], [0, 2], [2, 3]; truth 0, 0, 1, 1.
    windows = [[1, 0], [0, 4], [3, 1], [0, 2], [1, 1], [1, 2]]
    save(path, np.array([0, 0, 1, 1]), np.array(windows, float), [2, 1, 1, 2], cleaned=[1] * 4)
    return [path], write_about(tmp_path, "classification", ["bass", "flute"])


def save(path, labels, window_scores, n_windows, cleaned):
    ids = np.array([f"clip {number:03}" for number in range(len(labels))])
    np.savez(path, ids=ids, labels=labels, window_scores=window_scores, n_windows=n_windows, cleaned=cleaned)


def write_about(folder, task, labels):
    path = folder / f"{task}.json"
    path.write_text(json.dumps({"task": task, "labels": labels}))
    return path


def write(scores, about, folder, name):
    table, per_class = folder / f"{name}.csv", folder / "per_class" / f"{name}.csv"
    write_results_table(scores, list(range(len(scores))), about, 100, table, per_class)
    return table, per_class


def test_table_has_a_row_a_seed_and_their_mean_for_each_test_list(tagged, tmp_path):
    table, _ = write(*tagged, tmp_path, "mtat_vocals")
    table = pd.read_csv(table, dtype={"seed": str})
    assert table.columns[:5].tolist() == ["protocol", "test_list", "label_fraction", "seed", "n_test"]
    assert table.columns[5:8].tolist() == ["roc_auc", "roc_auc_low", "roc_auc_high"]
    assert table["seed"].tolist() == ["0", "1", "mean"] * 2
    assert table["n_test"].tolist() == [40] * 3 + [60] * 3
    assert set(table["test_list"]) == {"filtered", "unfiltered"}
    for metric in ("roc_auc", "pr_auc"):
        assert (table[f"{metric}_low"] < table[metric]).all() and (
            table[metric] < table[f"{metric}_high"]
        ).all()
        seeds, mean = table[metric][:2], table[metric][2]
        assert mean == pytest.approx(seeds.mean(), abs=1e-4)


def test_per_class_table_leaves_a_tag_that_cannot_be_scored_empty(tagged, tmp_path, caplog):
    _, per_class = write(*tagged, tmp_path, "mtat_vocals")
    per_class = pd.read_csv(per_class)
    assert per_class["label"].tolist() == ["rock", "slow", "sitar"] * 2
    assert per_class["roc_auc"].isna().tolist() == [False, False, True] * 2
    assert "1 of 3 labels cannot be scored" in caplog.text and "sitar" in caplog.text


def test_classification_table_by_hand(classified, tmp_path):
    table, per_class = write(*classified, tmp_path, "nsynth_mixture")
    first = pd.read_csv(table).iloc[0]
    assert (first["test_list"], first["n_test"], first["accuracy"]) == ("all", 4, 0.75)
    assert first["macro_f1"] == pytest.approx((2 / 3 + 4 / 5) / 2, abs=1e-4)
    per_class = pd.read_csv(per_class)
    assert per_class["recall"].tolist() == [0.5, 1.0]
    assert per_class["precision"].tolist() == [1.0, 0.6667]


def test_the_same_scores_give_the_same_bytes(tagged, tmp_path):
    first, _ = write(*tagged, tmp_path, "a_mixture")
    second, _ = write(*tagged, tmp_path, "b_mixture")
    assert first.read_bytes() == second.read_bytes()


def test_seeds_of_different_clips_are_an_error(tagged, classified, tmp_path):
    with pytest.raises(CacheError, match="not the test clips"):
        write([tagged[0][0], classified[0][0]], tagged[1], tmp_path, "mtat_vocals")


def test_damaged_scores_are_an_error_that_names_the_file(tagged, tmp_path):
    tagged[0][1].write_bytes(tagged[0][1].read_bytes()[:200])
    with pytest.raises(CacheError, match=r"scores1\.npz: damaged"):
        write(*tagged, tmp_path, "mtat_vocals")


def test_summary_holds_every_metric_and_its_chance(tagged, classified, tmp_path):
    written = [
        write(*tagged, tmp_path, "mtat_bass_vocals"),
        write(*tagged, tmp_path, "mtat_mixture"),
        write(*classified, tmp_path, "nsynth_mixture"),
    ]
    summarise_results(*zip(*written, strict=True), tmp_path / "summary.csv", tmp_path / "summary.md")
    rows = pd.read_csv(tmp_path / "summary.csv").set_index(["dataset", "model", "test_list", "metric"])
    assert len(rows) == 4 + 4 + 2
    assert rows.loc[("mtat", "bass_vocals", "unfiltered", "roc_auc"), "chance"] == 0.5
    filtered, unfiltered = (
        rows.loc[("mtat", "mixture", name, "pr_auc")] for name in ("filtered", "unfiltered")
    )
    assert filtered["chance"] == pytest.approx(1.5 * unfiltered["chance"], abs=1e-4)
    assert (filtered["seeds"], filtered["n_test"], filtered["task"]) == (2, 40, "tagging")
    accuracy = rows.loc[("nsynth", "mixture", "all", "accuracy")]
    assert (accuracy["value"], accuracy["chance"], accuracy["seeds"]) == (0.75, 0.5, 1)
    assert rows.loc[("nsynth", "mixture", "all", "macro_f1"), "chance"] == pytest.approx(1 / 3, abs=1e-4)

    lines = (tmp_path / "summary.md").read_text().splitlines()
    table = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if line.startswith("|")]
    assert table[0][:3] == ["model", "mtat filtered ROC-AUC", "mtat filtered PR-AUC"]
    assert table[0][5:] == ["nsynth accuracy", "nsynth macro-F1"]
    assert [row[0] for row in table[2:]] == ["`bass_vocals`", "`mixture`", "chance"]
    assert table[2][5] == "–" and table[3][5].startswith("0.750 [")
    assert table[4][5] == "0.500"
    assert any(line.startswith("How to read it") for line in lines)


def test_other_protocols_stand_in_lines_of_their_own(classified, tmp_path):
    tables = []
    for name, protocol, fraction in (
        ("nsynth_mixture", "frozen", 1.0),
        ("nsynth_untrained", "finetuned", 0.1),
    ):
        table, per_class = tmp_path / f"{name}.csv", tmp_path / "per_class" / f"{name}.csv"
        write_results_table(*classified[:1], [0], classified[1], 50, table, per_class, protocol, fraction)
        tables.append((table, per_class))
    summarise_results(*zip(*tables, strict=True), tmp_path / "summary.csv", tmp_path / "summary.md")
    assert "| `untrained` (finetuned, 0.1 of the labels) |" in (tmp_path / "summary.md").read_text()
