"""The figure of perturbed test clips: by its axes and texts."""

import itertools

import numpy as np
import pandas as pd
import pytest
from pictures import illegible_texts, texts_of_svg

from mscol.errors import CacheError
from mscol.figures.robustness import draw_robustness, plot_robustness

MANY = (
    "noise0", "noise20", "noise30", "gain-12", "clip1", "clip10", "mp3-16", "mp3-32", "pitch-1", "pitch+2", "lowpass1000",
)  # fmt: skip


def made_up(
    names, models=("mfcc", "bass_vocals"), metrics=("roc_auc", "pr_auc"), lists=("filtered", "unfiltered")
):
    generator, rows = np.random.default_rng(0), []
    for test_list, model, metric in itertools.product(lists, models, metrics):
        clean = generator.uniform(0.5, 0.9)
        for name in names:
            lost = generator.uniform(0, 0.1)
            rows.append(
                (
                    "mtat",
                    model,
                    name,
                    test_list,
                    metric,
                    clean,
                    clean - lost,
                    -lost,
                    -lost - 0.02,
                    -lost + 0.02,
                )
            )
    columns = [
        "dataset",
        "model",
        "perturbation",
        "test_list",
        "metric",
        "clean",
        "perturbed",
        "difference",
        "low",
        "high",
    ]
    return pd.DataFrame(rows, columns=columns)


def test_each_kind_has_a_column_with_severities_from_mild_to_severe():
    figure = draw_robustness(made_up(MANY))
    axes = np.array(figure.axes).reshape(2, 6)
    assert [axis.get_title() for axis in axes[0]] == [
        "Gaussian noise", "gain", "clipping", "mp3", "pitch shift", "low-pass filter",
    ]  # fmt: skip
    ticks = [[label.get_text() for label in axis.get_xticklabels()] for axis in axes[1]]
    assert ticks == [
        ["clean", "30", "20", "0"], ["clean", "-12"], ["clean", "1", "10"], ["clean", "32", "16"], ["clean", "-1", "+2"],
        ["clean", "1000"],
    ]  # fmt: skip
    assert [axis.get_ylabel() for axis in axes[:, 0]] == ["ROC-AUC", "PR-AUC"]


def test_line_of_a_model_begins_at_its_clean_value():
    table = made_up(["noise0", "noise30"])
    axis = draw_robustness(table).axes[0]
    curves = [line for line in axis.lines if len(line.get_ydata()) == 3]
    rows = table[(table["test_list"] == "filtered") & (table["metric"] == "roc_auc")]
    for curve, (_, of_model) in zip(curves, rows.groupby("model", sort=False), strict=True):
        expected = [of_model["clean"].iloc[0], *of_model["perturbed"].iloc[::-1]]
        np.testing.assert_allclose(curve.get_ydata(), expected)


@pytest.mark.parametrize("names", [MANY, ("noise20", "mp3-32"), ("clip1",)])
@pytest.mark.parametrize("synthesised", [False, True])
def test_nothing_is_cut_off_or_covered(names, synthesised):
    models = ("untrained", "mfcc", "mixture-masked", "bass_drums_other_vocals", "vocals-degraded5")
    figure = draw_robustness(made_up(names, models), synthesised)
    assert illegible_texts(figure) == []
    assert ("Synthesised" in figure.get_suptitle()) == synthesised


def test_both_forms_are_written_and_interval_may_be_missing(tmp_path):
    made_up(["noise20"]).assign(low=np.nan, high=np.nan).to_csv(tmp_path / "robustness.csv", index=False)
    paths = [tmp_path / "figure.svg", tmp_path / "figure.png"]
    plot_robustness(tmp_path / "robustness.csv", "mtat", paths)
    assert {"mfcc", "bass_vocals", "Gaussian noise", "clean", "20"} <= set(texts_of_svg(paths[0]))
    assert paths[1].stat().st_size > 10_000


def test_table_without_the_dataset_is_named(tmp_path):
    made_up(["noise20"]).to_csv(tmp_path / "robustness.csv", index=False)
    with pytest.raises(CacheError, match="robustness.csv: no rows for fma"):
        plot_robustness(tmp_path / "robustness.csv", "fma", [tmp_path / "figure.svg"])
