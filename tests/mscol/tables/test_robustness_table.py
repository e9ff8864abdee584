"""What a model loses on perturbed clips: paired, on the same clips for both sides, by its first head."""

import numpy as np
import pandas as pd
import pytest
from small_tables import save, write

from mscol.tables.comparison import compare_models
from mscol.tables.robustness import gather_robustness, write_robustness_table

NAMED = {"dataset": "mtat", "model": "vocals"}


def robustness(clean, perturbed, about, folder, n_resamples=100):
    path = folder / "robustness.csv"
    seeds = list(range(len(clean)))
    write_robustness_table(NAMED, clean, perturbed, seeds, about, n_resamples, path)
    return pd.read_csv(path)


def rewrite(path, out, noise=0.0, clips=slice(None), more_heads=0):
    """Scores once more: with noise, of some of the clips, or with further heads that know nothing."""
    scores = dict(np.load(path))
    generator = np.random.default_rng(1)
    windows = scores["window_scores"] + noise * generator.standard_normal(scores["window_scores"].shape)
    windows = np.concatenate([windows, np.full((more_heads, *windows.shape[1:]), 0.5)])
    kept = np.arange(len(scores["ids"]))[clips]
    rows = np.repeat(np.isin(np.arange(len(scores["ids"])), kept), scores["n_windows"])
    of_clips = {name: scores[name][kept] for name in ("ids", "groups", "n_windows", "cleaned", "labels")}
    of_heads = {"validation": np.full(len(windows), np.nan), "chosen": [""] * len(windows)}
    np.savez(out, window_scores=windows[:, rows], **of_clips, **of_heads)
    return out


def test_what_changes_no_score_changes_no_metric(tagged, tmp_path):
    clean, about = tagged
    table = robustness(clean, {"gain-12": clean}, about, tmp_path)
    assert table[["perturbation", "test_list", "metric"]].to_numpy().tolist() == [
        ["gain-12", test_list, metric]
        for test_list in ("filtered", "unfiltered")
        for metric in ("roc_auc", "pr_auc")
    ]
    assert (table[["difference", "low", "high"]] == 0).all(axis=None)
    assert (table["clean"] == table["perturbed"]).all()


def test_values_are_those_of_tables_and_intervals_those_of_comparisons(tagged, tmp_path):
    """A perturbed model is as a model of its own that is compared with the clean one."""
    clean, about = tagged
    noisy = [rewrite(path, tmp_path / f"noisy{number}.npz", 0.3) for number, path in enumerate(clean)]
    table = robustness(clean, {"noise0": noisy}, about, tmp_path)
    tables = [write(scores, about, tmp_path, name) for name, scores in (("clean", clean), ("noisy", noisy))]
    for column, (results, *_) in zip(("clean", "perturbed"), tables, strict=True):
        means = pd.read_csv(results).query("seed == 'mean'").set_index("test_list")
        for row in table.itertuples():
            assert getattr(row, column) == means.loc[row.test_list, row.metric]
    bootstraps = {("mtat", name): paths[-1] for name, paths in zip(("clean", "noisy"), tables, strict=True)}
    compare_models(bootstraps, "clean", tmp_path / "all.csv", tmp_path / "labels.csv")
    compared = pd.read_csv(tmp_path / "all.csv")
    columns = ["test_list", "metric", "difference", "low", "high"]
    pd.testing.assert_frame_equal(table[columns], compared[columns])
    assert (table["difference"] < -0.01).all() and set(table["seeds"]) == {2}


def test_clip_that_could_not_be_perturbed_is_left_out_on_all_sides(tagged, tmp_path):
    clean, about = tagged
    some = [
        rewrite(path, tmp_path / f"some{number}.npz", clips=slice(2, None))
        for number, path in enumerate(clean)
    ]
    others = [
        rewrite(path, tmp_path / f"others{number}.npz", clips=slice(-1)) for number, path in enumerate(clean)
    ]
    table = robustness(clean, {"clip1": some, "noise10": others}, about, tmp_path)
    assert table["n_left_out"].unique().tolist() == [3] and (table["difference"] == 0).all()
    sizes = table.groupby("test_list")[["n_test", "n_groups"]].agg(set)
    assert sizes.loc["unfiltered"].tolist() == [{57}, {57}] and sizes.loc["filtered"].tolist() == [{38}, {38}]


def test_first_head_of_each_encoder_is_compared(tagged, tmp_path):
    """The clean clips are scored by all heads, the perturbed ones by the one that is kept."""
    clean, about = tagged
    by_all = [rewrite(path, tmp_path / f"all{number}.npz", more_heads=2) for number, path in enumerate(clean)]
    table = robustness(by_all, {"noise20": clean}, about, tmp_path)
    assert (table["difference"] == 0).all()


def test_classes_have_their_metrics_and_groups(tmp_path, classified):
    [path], about = classified
    labels, groups = np.arange(40) % 2, np.repeat(np.arange(10), 4)
    logits = np.eye(2)[labels] + np.random.default_rng(0).normal(size=(40, 2)) / 2
    save(path, labels, logits, [1] * 40, [1] * 40, groups)
    wrong = rewrite(path, tmp_path / "wrong.npz", 2.0)
    table = robustness([path], {"lowpass100": [wrong]}, about, tmp_path).set_index("metric")
    assert list(table.index) == ["accuracy", "macro_f1"] and set(table["n_groups"]) == {10}
    row = table.loc["accuracy"]
    assert row["difference"] == pytest.approx(row["perturbed"] - row["clean"]) and row["difference"] < 0
    assert row["low"] < row["difference"] < row["high"]


def test_tables_are_gathered_with_names_as_texts(tagged, tmp_path):
    clean, about = tagged
    robustness(clean, {"noise20": clean}, about, tmp_path)
    gather_robustness([tmp_path / "robustness.csv"] * 2, tmp_path / "gathered.csv")
    assert len(pd.read_csv(tmp_path / "gathered.csv")) == 8
