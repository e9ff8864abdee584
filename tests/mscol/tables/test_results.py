import numpy as np
import pandas as pd
import pytest
from small_tables import write

from mscol.errors import CacheError
from mscol.tables import Evaluation


def test_table_has_a_row_a_seed_and_their_mean_for_each_test_list(tagged, tmp_path):
    table, *_ = write(*tagged, tmp_path, "mtat_vocals")
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
    for metric in ("recall", "precision", "f1"):
        assert (table[f"{metric}_low"] <= table[metric]).all() and (
            table[metric] <= table[f"{metric}_high"]
        ).all()


def test_ways_of_evaluating_stand_below_each_other(classified, tmp_path):
    ways = [Evaluation("frozen", 1.0, classified[0]), Evaluation("finetuned", 0.1, classified[0])]
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
