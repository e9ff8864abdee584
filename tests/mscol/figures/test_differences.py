"""The figure of where two models differ."""

import made_up
import numpy as np
import pandas as pd
import pytest
from pictures import illegible_texts, intervals_of, points_of, rows_of, texts_of_svg

from mscol.errors import CacheError
from mscol.figures.differences import draw_differences, plot_differences
from mscol.figures.style import BETTER, UNDECIDED, WORSE

CLASSES = (made_up.FAMILIES, ("recall", "f1"), ("vocal",))


def test_every_label_and_both_models_are_named(tmp_path):
    table = pd.concat(
        [made_up.differences(), made_up.differences().assign(dataset="other", label="elsewhere")]
    )
    table.to_csv(tmp_path / "comparisons.csv", index=False)
    plot_differences(
        tmp_path / "comparisons.csv", "mtat", "bass_drums_other_vocals", [tmp_path / "figure.svg"]
    )
    printed = texts_of_svg(tmp_path / "figure.svg")
    assert set(made_up.TAGS) <= set(printed) and "elsewhere" not in printed
    assert any(text.startswith("bass_drums_other_vocals minus mixture on mtat") for text in printed)
    assert printed.count("not scored") == 2
    plot_differences(
        tmp_path / "comparisons.csv",
        "mtat",
        "bass_drums_other_vocals",
        [tmp_path / "figure.svg"],
        synthesised=True,
    )
    printed = texts_of_svg(tmp_path / "figure.svg")
    assert any("mixture on mtat, synthesised (" in text for text in printed)
    assert any("say nothing about real music" in text for text in printed)


def test_labels_are_sorted_by_the_first_metric():
    table = made_up.differences()
    figure = draw_differences(table, "title")
    rows = [text for axis in figure.axes[::2] for text in rows_of(axis)]
    known = table[table["metric"] == "roc_auc"].dropna().sort_values("difference", ascending=False)
    assert rows == [*known["label"], "choral"]


def test_colour_says_what_is_significant():
    table = made_up.differences(*CLASSES)
    figure = draw_differences(table, "title")
    for axis, metric in zip(figure.axes, ("recall", "f1"), strict=True):
        rows = table[table["metric"] == metric].set_index("label").loc[rows_of(figure.axes[0])]
        points = {row: line for (_, row), line in points_of(axis).items()}
        for number, row in enumerate(rows.itertuples()):
            if np.isnan(row.difference):
                assert number not in points
                continue
            assert intervals_of(axis)[number] == (row.low, row.high)
            wanted = BETTER if row.low > 0 else WORSE if row.high < 0 else UNDECIDED
            assert points[number].get_color() == wanted
            assert (points[number].get_markerfacecolor() == "white") == (wanted == UNDECIDED)


def test_title_counts_what_stands_out():
    table = made_up.differences(*CLASSES)
    recall = table[table["metric"] == "recall"]
    better, worse = (recall["low"] > 0).sum(), (recall["high"] < 0).sum()
    title = draw_differences(table, "title").get_suptitle()
    assert f"recall: {better} classes better, {worse} worse" in title
    assert "of 10 with at least 5 groups (up to 0.5 by chance)" in title


def test_nothing_is_reported_of_few_groups_or_of_a_single_seed():
    table = made_up.differences(*CLASSES)
    few = table.assign(n_groups=np.where(table["label"] == "bass", 4, 9), mark="", low=np.nan, high=np.nan)
    assert "of 9 with at least 5 groups (up to 0.5 by" in draw_differences(few, "title").get_suptitle()
    alone = draw_differences(table.assign(n_runs=1, mark=""), "title")
    assert "One seed: the variation between trainings is unknown" in alone.get_suptitle()
    assert {line.get_color() for axis in alone.axes for line in points_of(axis).values()} == {UNDECIDED}


def test_both_sides_of_zero_are_equally_wide():
    for axis in draw_differences(made_up.differences(), "title").axes:
        left, right = axis.get_xlim()
        assert left == -right and right > 0


@pytest.mark.parametrize("table", [made_up.differences(), made_up.differences(*CLASSES)])
def test_no_text_is_cut_off_or_covered(table):
    assert illegible_texts(draw_differences(table, "on mtat (frozen, filtered test list)")) == []


def test_long_names_of_models_are_not_cut_off():
    table = made_up.differences(*CLASSES).assign(model="bass_drums_other_vocals-silent-random-degraded10")
    assert illegible_texts(draw_differences(table, "on nsynth (frozen)")) == []


def test_model_that_was_not_compared_is_an_error(tmp_path):
    made_up.differences().to_csv(tmp_path / "comparisons.csv", index=False)
    with pytest.raises(CacheError, match="does not compare untrained on mtat"):
        plot_differences(tmp_path / "comparisons.csv", "mtat", "untrained", [tmp_path / "figure.svg"])


@pytest.mark.parametrize("rows", [made_up.differences()[:0], made_up.differences().assign(metric="mae")])
def test_test_list_that_cannot_be_scored_is_said_in_the_figure(rows, tmp_path):
    rows.to_csv(tmp_path / "comparisons.csv", index=False)
    plot_differences(tmp_path / "comparisons.csv", "mtat", "untrained", [tmp_path / "figure.svg"])
    assert texts_of_svg(tmp_path / "figure.svg") == ["mtat has too few test clips to be scored."]
