"""Figures of all models beside each other: by their axes and texts, not by their bytes."""

import made_up
import numpy as np
import pandas as pd
import pytest
from matplotlib import image
from pictures import illegible_texts, rows_of, texts_of_svg

from mscol.config.naming import protocol_title
from mscol.figures.comparison import draw_comparison, plot_comparison
from mscol.figures.label_fractions import draw_label_fractions, plot_label_fractions


@pytest.fixture
def summary(tmp_path):
    path = tmp_path / "summary.csv"
    made_up.summary(fractions=(0.01, 0.1, 1.0)).to_csv(path, index=False)
    return path


@pytest.mark.parametrize("plot", [plot_comparison, plot_label_fractions])
def test_every_model_protocol_and_metric_is_named(plot, summary, tmp_path):
    plot(summary, [tmp_path / "figure.svg", tmp_path / "figure.png"])
    printed = texts_of_svg(tmp_path / "figure.svg")
    titles = {protocol_title(protocol) for protocol in made_up.PROTOCOLS}
    assert {*made_up.MODELS, *titles, "chance", "nsynth accuracy", "filtered test list"} <= set(printed)
    assert image.imread(tmp_path / "figure.png").shape[1] > 1000


@pytest.mark.parametrize("plot", [plot_comparison, plot_label_fractions])
def test_equal_tables_give_equal_files(plot, summary, tmp_path):
    for name in ("one.svg", "two.svg"):
        plot(summary, [tmp_path / name])
    assert (tmp_path / "one.svg").read_bytes() == (tmp_path / "two.svg").read_bytes()


@pytest.mark.parametrize("draw", [draw_comparison, draw_label_fractions])
def test_synthesised_music_is_called_so(draw):
    table = made_up.summary(protocols=made_up.PROTOCOLS[:1], fractions=(0.1, 1.0))
    figure = draw(table.assign(synthesised=(table["dataset"] == "mtat").astype(int)))
    titles = {axis.get_title().partition("\n")[0] for axis in figure.axes}
    assert {"mtat, synthesised: ROC-AUC", "nsynth accuracy"} <= titles
    assert "say nothing about real music" in figure.get_suptitle()
    assert illegible_texts(figure) == []
    assert "synthesised" not in draw(table).get_suptitle()


def test_bars_lead_from_chance_to_the_results_with_all_labels():
    table = made_up.summary(fractions=(0.1, 1.0))
    figure = draw_comparison(table)
    assert len(figure.axes) == len(made_up.PANELS)
    wanted = table[
        (table["label_fraction"] == 1) & (table["dataset"] == "fma") & (table["metric"] == "accuracy")
    ]
    axis = next(axis for axis in figure.axes if axis.get_title() == "fma accuracy")
    bars = sorted(axis.patches, key=lambda bar: bar.get_y())
    assert [bar.get_x() for bar in bars] == pytest.approx(wanted["chance"])
    assert [bar.get_x() + bar.get_width() for bar in bars] == pytest.approx(wanted["value"])
    assert np.diff([bar.get_y() for bar in bars]).min() >= bars[0].get_height()  # none covers another


def test_intervals_are_drawn_within_the_axes():
    table = made_up.summary()
    for axis, (_, panel) in zip(
        draw_comparison(table).axes,
        table.groupby(["dataset", "test_list", "metric"], sort=False),
        strict=True,
    ):
        drawn = {tuple(line.get_xdata()) for line in axis.lines}
        assert set(panel[["low", "high"]].itertuples(index=False, name=None)) <= drawn
        left, right = axis.get_xlim()
        assert left < panel["low"].min() and panel["high"].max() < right


def test_spread_of_seeds_is_shown_where_there_are_several():
    assert "± 1 s.d. of single seeds" in _legend(draw_comparison(made_up.summary(seeds=3)))
    assert "± 1 s.d. of single seeds" not in _legend(draw_comparison(made_up.summary(seeds=1)))


def test_result_that_is_missing_leaves_its_place_empty():
    table = made_up.summary(protocols=["frozen"])
    figure = draw_comparison(table[~((table["model"] == "mfcc") & (table["dataset"] == "fma"))])
    axis = next(axis for axis in figure.axes if axis.get_title() == "fma accuracy")
    assert len(axis.patches) == len(made_up.MODELS) - 1
    assert rows_of(figure.axes[0]) == made_up.MODELS  # the axes share them


@pytest.mark.parametrize("n_protocols", [1, 3])
@pytest.mark.parametrize("draw", [draw_comparison, draw_label_fractions])
def test_no_text_is_cut_off_or_covered(draw, n_protocols):
    table = made_up.summary(protocols=made_up.PROTOCOLS[:n_protocols], fractions=(0.01, 1.0))
    assert illegible_texts(draw(table)) == []


@pytest.mark.parametrize("draw", [draw_comparison, draw_label_fractions])
def test_legend_fits_below_a_single_panel(draw):
    table = made_up.summary(fractions=(0.01, 1.0))
    figure = draw(table[(table["dataset"] == "nsynth") & (table["metric"] == "accuracy")])
    assert illegible_texts(figure) == []


def test_line_of_a_model_holds_its_results_in_the_order_of_fractions():
    table = made_up.summary(protocols=["frozen"], fractions=(1.0, 0.01, 0.1))
    axis = next(axis for axis in draw_label_fractions(table).axes if axis.get_title() == "nsynth accuracy")
    line = next(line for line in axis.lines if line.get_label() == "mixture")
    wanted = table[
        (table["dataset"] == "nsynth") & (table["metric"] == "accuracy") & (table["model"] == "mixture")
    ]
    assert line.get_ydata() == pytest.approx(wanted.sort_values("label_fraction")["value"])
    assert line.get_xdata() == pytest.approx([0.01, 0.1, 1], rel=0.25)  # moved apart a little
    assert axis.get_xscale() == "log"


def test_one_test_list_of_a_dataset_stands_for_it_in_the_figure_of_fractions():
    titles = [axis.get_title() for axis in draw_label_fractions(made_up.summary(fractions=(0.1, 1.0))).axes]
    assert not [title for title in titles if "unfiltered" in title]


def test_protocol_without_shares_of_labels_does_not_choose_the_test_list():
    summary = made_up.summary(fractions=(0.1, 1.0))
    queries = summary.head(1).assign(protocol="artists", test_list="all", label_fraction=1.0)
    figures = map(draw_label_fractions, (summary, pd.concat([queries, summary])))
    expected, found = ([axis.get_title() for axis in figure.axes] for figure in figures)
    assert found == expected and any("filtered test list" in title for title in found)


def test_protocol_without_shares_of_labels_has_no_row_in_the_figure_of_fractions():
    table = made_up.summary(fractions=(0.1, 1.0))
    figure = draw_label_fractions(table[(table["protocol"] != "knn") | (table["label_fraction"] == 1)])
    assert [axis.get_ylabel() for axis in figure.axes if axis.get_ylabel()] == ["frozen", "finetuned"]


def test_each_protocol_is_compared_with_its_largest_share_of_labels():
    table = made_up.summary(fractions=(0.1, 1.0))
    figure = draw_comparison(table[(table["protocol"] != "frozen") | (table["label_fraction"] == 0.1)])
    assert _legend(figure)[:3] == ["frozen, 0.1 of the labels", "finetuned", "kNN"]
    assert all(len(axis.patches) == 3 * len(made_up.MODELS) for axis in figure.axes)


def test_model_named_like_a_missing_value_is_drawn(tmp_path):
    table = made_up.summary(models=["None", "mixture"], protocols=["frozen"])
    table.to_csv(tmp_path / "summary.csv", index=False)
    plot_comparison(tmp_path / "summary.csv", [tmp_path / "figure.svg"])
    assert "None" in texts_of_svg(tmp_path / "figure.svg")


def test_model_whose_name_begins_with_an_underscore_is_in_the_legend():
    table = made_up.summary(models=["_mine", "mixture"], fractions=(0.1, 1.0))
    assert _legend(draw_label_fractions(table)) == ["_mine", "mixture", "chance"]


@pytest.mark.parametrize("draw", [draw_comparison, draw_label_fractions])
def test_very_long_names_leave_room_for_the_panels(draw, recwarn):
    assert illegible_texts(draw(made_up.summary(models=["a" * 80, "b" * 80], fractions=(0.1, 1.0)))) == []
    assert not [warning for warning in recwarn if "constrained_layout" in str(warning.message)]


def test_result_without_chance_has_a_bar_from_zero():
    table = made_up.summary(protocols=["frozen"], models=["mixture"]).assign(chance=np.nan)
    bar = draw_comparison(table).axes[0].patches[0]
    assert bar.get_x() == 0


def _legend(figure):
    return [text.get_text() for legend in figure.legends for text in legend.get_texts()]
