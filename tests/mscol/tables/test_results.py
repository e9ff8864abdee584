import numpy as np
import pandas as pd
import pytest
from small_tables import save, write

from mscol.errors import CacheError
from mscol.metrics.chance import chance_precision
from mscol.tables import Evaluation


def test_table_has_a_row_a_seed_and_their_mean_for_each_test_list(tagged, tmp_path):
    table, *_ = write(*tagged, tmp_path, "mtat_vocals")
    table = pd.read_csv(table, dtype={"seed": str})
    keys = [
        "protocol",
        "test_list",
        "label_fraction",
        "standardised",
        "seed",
        "head",
        "n_test",
        "n_groups",
        "grouped_by",
        "validation",
        "chosen",
    ]
    assert table.columns.tolist()[:14] == [*keys, "roc_auc", "roc_auc_low", "roc_auc_high"]
    assert (
        table["seed"].tolist() == ["0", "1", "mean"] * 2 and table["head"].tolist() == ["1", "1", "mean"] * 2
    )
    assert (table["n_groups"] == table["n_test"]).all() and set(table["grouped_by"]) == {"clip"}
    assert table["n_test"].tolist() == [40] * 3 + [60] * 3
    assert set(table["test_list"]) == {"filtered", "unfiltered"}
    for metric in ("roc_auc", "pr_auc"):
        assert (table[f"{metric}_low"] < table[metric]).all() and (
            table[metric] < table[f"{metric}_high"]
        ).all()
        seeds, mean = table[metric][:2], table[metric][2]
        assert mean == pytest.approx(seeds.mean(), abs=1e-4)


def test_per_class_table_leaves_a_tag_that_cannot_be_scored_empty(tagged, tmp_path, caplog):
    _, per_class, _ = write(*tagged, tmp_path, "mtat_vocals")
    per_class = pd.read_csv(per_class)
    assert per_class["label"].tolist() == ["rock", "slow", "sitar"] * 2
    assert per_class["roc_auc"].isna().tolist() == [False, False, True] * 2
    assert "1 of 3 labels cannot be scored" in caplog.text and "sitar" in caplog.text


def test_classification_table_by_hand(classified, tmp_path):
    table, per_class, _ = write(*classified, tmp_path, "nsynth_mixture")
    first = pd.read_csv(table).iloc[0]
    assert (first["test_list"], first["n_test"], first["accuracy"]) == ("all", 4, 0.75)
    assert first["macro_f1"] == pytest.approx((2 / 3 + 4 / 5) / 2, abs=1e-4)
    per_class = pd.read_csv(per_class)
    assert per_class["recall"].tolist() == [0.5, 1.0]
    assert per_class["precision"].tolist() == pytest.approx([1, 2 / 3], abs=1e-4)


def test_the_same_scores_give_the_same_bytes(tagged, tmp_path):
    first, *_ = write(*tagged, tmp_path, "a_mixture")
    second, *_ = write(*tagged, tmp_path, "b_mixture")
    assert first.read_bytes() == second.read_bytes()


def test_seeds_of_different_clips_are_an_error(tagged, classified, tmp_path):
    with pytest.raises(CacheError, match="not the test clips"):
        write([tagged[0][0], classified[0][0]], tagged[1], tmp_path, "mtat_vocals")


def test_damaged_scores_are_an_error_that_names_the_file(tagged, tmp_path):
    tagged[0][1].write_bytes(tagged[0][1].read_bytes()[:200])
    with pytest.raises(CacheError, match=r"scores1\.npz: damaged"):
        write(*tagged, tmp_path, "mtat_vocals")


def test_classes_come_with_their_confusion_and_intervals(classified, tmp_path):
    _, per_class, _ = write(*classified, tmp_path, "nsynth_mixture")
    table = pd.read_csv(per_class)
    assert table[["as_bass", "as_flute"]].to_numpy().tolist() == [[1, 1], [0, 2]]
    for metric in ("recall", "precision"):
        assert (table[f"{metric}_low"] <= table[metric]).all() and (
            table[metric] <= table[f"{metric}_high"]
        ).all()
    assert table["n_groups"].tolist() == [2, 2] and table[["f1_low", "f1_high"]].isna().all(axis=None)


def test_groups_of_clips_are_counted_and_resampled_together(tmp_path):
    generator = np.random.default_rng(0)
    labels = np.arange(120) % 2
    right = np.repeat(generator.random(24) < 0.7, 5)  # all clips of a song, or none
    scores = np.eye(2)[np.where(right, labels, 1 - labels)]
    about = tmp_path / "about.json"
    about.write_text(
        '{"task": "classification", "labels": ["a", "b"], "grouped_by": "song", "n_train": {"a": 9, "b": 0}}'
    )
    widths = {}
    for name, groups in (("songs", np.repeat(np.arange(24), 5)), ("clips", np.arange(120))):
        save(tmp_path / f"{name}.npz", labels, scores, [1] * 120, [1] * 120, groups)
        table, per_class, _ = write([tmp_path / f"{name}.npz"], about, tmp_path, f"x_{name}")
        mean = pd.read_csv(table).query("seed == 'mean'").iloc[0]
        widths[name] = (
            mean[["accuracy_high", "macro_f1_high"]].to_numpy()
            - mean[["accuracy_low", "macro_f1_low"]].to_numpy()
        )
        assert (mean["n_groups"], mean["grouped_by"]) == (len(np.unique(groups)), "song")
        assert pd.read_csv(per_class)["n_train"].tolist() == [9, 0]
    assert (widths["songs"] > 1.5 * widths["clips"]).all()  # five alike clips: about sqrt(5) times as wide


def test_class_that_no_training_clip_has_is_reported(tmp_path, caplog):
    about = tmp_path / "about.json"
    about.write_text('{"task": "classification", "labels": ["a", "b"], "n_train": {"a": 9, "b": 0}}')
    save(tmp_path / "x.npz", np.array([0, 1]), np.eye(2), [1, 1], [1, 1])
    write([tmp_path / "x.npz"], about, tmp_path, "x_mixture")
    assert "no training clip has the label b" in caplog.text


def test_accuracy_of_three_clips_is_not_certain(tmp_path, classified):
    save(tmp_path / "x.npz", np.array([0, 1, 1]), np.eye(2)[[0, 1, 1]], [1] * 3, [1] * 3)
    table, *_ = write([tmp_path / "x.npz"], classified[1], tmp_path, "x_mixture")
    row = pd.read_csv(table).iloc[0]
    assert row["accuracy"] == 1 and row["accuracy_high"] == 1
    assert row["accuracy_low"] == pytest.approx(0.025 ** (1 / 3), abs=1e-5)  # Clopper and Pearson


def test_nothing_is_certain_because_all_resamples_agree(tmp_path, classified):
    labels = np.arange(40) % 2
    save(tmp_path / "x.npz", labels, np.eye(2)[labels], [1] * 40, [1] * 40)
    table, per_class, _ = write([tmp_path / "x.npz"], classified[1], tmp_path, "x_mixture")
    row, classes = pd.read_csv(table).iloc[0], pd.read_csv(per_class)
    assert row["macro_f1"] == 1 and np.isnan(row["macro_f1_low"]) and 0.9 < row["accuracy_low"] < 1
    assert classes[["f1_low", "f1_high"]].isna().all(axis=None) and (classes["recall_low"] < 1).all()


def test_several_heads_of_an_encoder_widen_the_interval_of_their_mean(tmp_path, classified):
    generator = np.random.default_rng(1)
    labels = np.arange(400) % 2
    heads = [
        np.eye(2)[np.where(generator.random(400) < share, labels, 1 - labels)] for share in (0.5, 0.7, 0.9)
    ]
    save(tmp_path / "x.npz", labels, np.array(heads), [1] * 400, [1] * 400)
    table, _, bootstrap = write([tmp_path / "x.npz"], classified[1], tmp_path, "x_mixture", n_resamples=1000)
    rows = pd.read_csv(table)
    assert rows["seed"].tolist() == ["0"] * 3 + ["mean"] and rows["head"].tolist() == ["1", "2", "3", "mean"]
    widths = (rows["macro_f1_high"] - rows["macro_f1_low"]).to_numpy()
    assert widths[3] > 2 * widths[:3].max()
    with np.load(bootstrap, allow_pickle=False) as arrays:
        assert arrays["n_runs"].tolist() == [3]


def test_few_positives_get_no_interval_of_their_areas(tmp_path):
    generator = np.random.default_rng(2)
    labels = np.zeros((40, 3), np.uint8)
    labels[:1, 0], labels[:12, 1], labels[:39, 2] = 1, 1, 1
    save(tmp_path / "x.npz", labels, generator.random((40, 3)), [1] * 40, [1] * 40)
    about = tmp_path / "about.json"
    about.write_text('{"task": "tagging", "labels": ["one", "many", "all but one"]}')
    table, per_class, _ = write([tmp_path / "x.npz"], about, tmp_path, "x_mixture")
    tags = pd.read_csv(per_class)
    assert tags["n_groups"].tolist() == [1, 12, 1] and tags["n_positive"].tolist() == [1, 12, 39]
    for metric in ("roc_auc", "pr_auc"):
        assert tags[metric].notna().all() and tags[f"{metric}_low"].isna().tolist() == [True, False, True]
    assert tags["pr_auc_chance"].tolist() == pytest.approx(
        chance_precision(np.array([1, 12, 39]), 40), abs=1e-6
    )
    mean = pd.read_csv(table).iloc[-1]
    assert np.isnan(mean["pr_auc_low"]) and mean["roc_auc_low"] < mean["roc_auc"]  # one of three tags is told


def test_ways_of_evaluating_stand_below_each_other(classified, tmp_path):
    ways = [
        Evaluation("frozen", 1.0, "yes", classified[0]),
        Evaluation("finetuned", 0.1, "no", classified[0]),
    ]
    table, per_class, _ = write(*classified, tmp_path, "nsynth_mixture", ways)
    for path in (table, per_class):
        rows = pd.read_csv(path)
        assert (
            rows[["protocol", "label_fraction"]].to_numpy().tolist()
            == [["frozen", 1]] * 2 + [["finetuned", 0.1]] * 2
        )
    assert pd.read_csv(table)["accuracy"].tolist() == [0.75] * 4


def test_resamples_are_means_over_seeds_beside_the_values(tagged, tmp_path):
    table, _, bootstrap = write(*tagged, tmp_path, "mtat_vocals")
    table = pd.read_csv(table, dtype={"seed": str})
    with np.load(bootstrap, allow_pickle=False) as arrays:
        assert arrays["test_list"].tolist() == ["filtered", "unfiltered"] and arrays["n_test"].tolist() == [
            40,
            60,
        ]
        assert arrays["roc_auc"].shape == (2, 101) and arrays["pr_auc_per_label"].shape == (2, 101, 3)
        mean = table.loc[table["seed"] == "mean", "roc_auc"]
        np.testing.assert_allclose(arrays["roc_auc"][:, 0], mean, atol=1e-4)
        np.testing.assert_allclose(
            np.nanmean(arrays["roc_auc_per_label"][0], axis=1), arrays["roc_auc"][0], atol=1e-6
        )
