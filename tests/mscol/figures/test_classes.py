"""The figures of single tags and classes."""

import made_up
import numpy as np
import pandas as pd
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from pictures import illegible_texts, intervals_of, points_of, rows_of, texts_of_svg

from mscol.errors import CacheError
from mscol.figures.classes import draw_confusion, draw_tags, plot_classes
from mscol.figures.style import UNDECIDED


@pytest.fixture
def results(tmp_path):
    """The table of results beside a table per class: it counts the test clips."""
    path = tmp_path / "results.csv"
    about = {
        "protocol": "frozen",
        "label_fraction": 1.0,
        "seed": "mean",
        "n_groups": 812,
        "grouped_by": "song",
    }
    sizes = {"filtered": 4332, "unfiltered": 5329, "all": 4096}
    rows = [about | {"test_list": name, "n_test": n} for name, n in sizes.items()]
    pd.DataFrame(rows).to_csv(path, index=False)
    return path


def _written(table, tmp_path, results):
    table.to_csv(tmp_path / "per_class.csv", index=False)
    plot_classes(
        tmp_path / "per_class.csv", results, "mtat", "bass_vocals", [tmp_path / "out" / "figure.svg"]
    )
    return texts_of_svg(tmp_path / "out" / "figure.svg")


def test_every_tag_is_written_with_its_positives(tmp_path, results):
    printed = _written(made_up.tags(), tmp_path, results)
    table = made_up.tags()
    assert {f"{row.label} ({row.n_positive} / {row.n_groups})" for row in table[:-1].itertuples()} <= set(
        printed
    )
    assert printed.count("not scored: no positive clip") == 2  # in both panels
    assert any(text.startswith("bass_vocals on mtat (frozen, filtered test list)") for text in printed)
    assert any(
        "number of clips (of 4,332) / songs (of 812) with it, or without it if fewer" in text
        for text in printed
    )


def test_sizes_are_those_of_the_protocol_that_is_drawn(tmp_path, results):
    table = pd.read_csv(results)
    queries = table.assign(protocol="artists", n_test=120, n_groups=120, grouped_by="clip")
    pd.concat([queries, table]).to_csv(results, index=False)
    printed = _written(made_up.tags(), tmp_path, results)
    assert any(
        "number of clips (of 4,332) / songs (of 812) with it, or without it if fewer" in text
        for text in printed
    )


def test_clips_that_are_their_own_groups_are_counted_once():
    """The groups of a class are counted without it if these are fewer."""
    table = made_up.classes()
    tested = pd.Series({**made_up.TESTED, "grouped_by": "clip"})
    fewer = table["n_positive"] // 2
    rows = rows_of(draw_confusion(table.assign(n_groups=fewer), tested, "title").axes[0])
    assert rows == [f"{row.label} ({row.n_positive})" for row in table.itertuples()]


def test_tags_are_sorted_and_drawn_at_their_values():
    table = made_up.tags()
    figure = draw_tags(table, made_up.TESTED, "title")
    rows = [text.rsplit(" (", 1)[0] for axis in figure.axes[::2] for text in rows_of(axis)]
    assert rows == [*table.dropna().sort_values("roc_auc", ascending=False)["label"], "choral"]
    best = table.set_index("label").loc[rows[0]]
    for axis, metric in zip(figure.axes, ("roc_auc", "pr_auc"), strict=False):
        assert (best[metric], 0) in points_of(axis)
        assert intervals_of(axis)[0] == (best[f"{metric}_low"], best[f"{metric}_high"])
    chance = [line.get_xdata()[0] for line in figure.axes[1].lines if line.get_marker() == "|"]
    assert chance[0] == pytest.approx(best["pr_auc_chance"])


def test_rows_of_both_panels_are_the_same_tags():
    figure = draw_tags(made_up.tags(), made_up.TESTED, "title")
    for left, right in zip(figure.axes[::2], figure.axes[1::2], strict=True):
        assert left.get_ylim() == right.get_ylim()


def test_one_group_of_many_is_drawn(tmp_path, results):
    table = made_up.tags()
    others = [
        table.assign(protocol="finetuned", roc_auc=0.111),
        table.assign(label_fraction=0.1, roc_auc=0.222),
        table.assign(test_list="unfiltered", roc_auc=0.333),
    ]
    alone = _written(table, tmp_path, results)
    assert _written(pd.concat([*others, table]), tmp_path, results) == alone


def test_first_protocol_stands_in_where_frozen_is_missing(tmp_path, results):
    finetuned = {"protocol": "finetuned", "label_fraction": 0.1}
    pd.read_csv(results).assign(**finetuned).to_csv(results, index=False)
    table = made_up.tags().assign(**finetuned)
    printed = _written(table, tmp_path, results)
    assert any("(finetuned, filtered test list, 0.1 of the training labels)" in text for text in printed)


def test_confusion_holds_shares_of_each_true_class():
    table = made_up.classes()
    matrix, scores = draw_confusion(table, made_up.TESTED, "title").axes[:2]
    shown = np.ma.filled(matrix.images[0].get_array(), np.nan)
    counts = table.filter(like="as_").to_numpy()
    assert shown[0] == pytest.approx(100 * counts[0] / counts[0].sum())
    assert np.nansum(shown, axis=1)[:-1] == pytest.approx(100)
    assert np.isnan(shown[made_up.FAMILIES.index("vocal")]).all()
    assert f"{shown[0, 0]:.0f}" in [text.get_text() for text in matrix.texts]
    recalls = {value for value, _ in points_of(scores)}
    assert set(table["recall"].dropna()) <= recalls


def test_every_class_is_written_as_row_and_as_column(tmp_path, results):
    printed = _written(made_up.classes(), tmp_path, results)
    assert all(printed.count(label) >= 2 for label in made_up.FAMILIES)  # called so; and beside its scores
    counts = [f"{row.label} ({row.n_positive}" for row in made_up.classes().itertuples()]
    assert all(any(text.startswith(count) for text in printed) for count in counts)
    assert "no test clip" in printed and "not scored" in printed


def test_class_called_none_is_a_class(tmp_path, results):
    printed = _written(made_up.classes(["None", "bass"], absent=()), tmp_path, results)
    assert printed.count("None") == 2


@pytest.mark.parametrize("labels", [["a", "b"], made_up.FAMILIES, [f"genre {n}" for n in range(40)]])
def test_no_text_of_a_confusion_is_cut_off_or_covered(labels):
    assert (
        illegible_texts(
            draw_confusion(made_up.classes(labels, absent=()), made_up.TESTED, "a model on a dataset")
        )
        == []
    )


def test_matrix_of_very_many_classes_shows_its_cells_and_names_some_classes():
    table = made_up.classes([f"class {n}" for n in range(300)], absent=())
    table.loc[:, table.columns.str.startswith("as_")] = 100 * np.eye(300)
    figure = draw_confusion(table, made_up.TESTED, "title")
    assert illegible_texts(figure) == []
    matrix, scores = figure.axes[:2]
    assert len(rows_of(matrix)) == len(rows_of(scores)) == 38 and rows_of(scores)[:2] == [
        "class 0",
        "class 8",
    ]
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    box = matrix.get_window_extent()
    picture = np.asarray(canvas.buffer_rgba())[::-1][int(box.y0) : int(box.y1), int(box.x0) : int(box.x1)]
    assert (picture[..., 0] < 150).mean() > 0.002  # the dark cells of the diagonal, a 300th of all


def test_names_of_labels_are_no_formulas_and_of_bearable_length(tmp_path, results):
    labels = [r"$\foo$", "cheap $_$ x", "A$AP $hip", "x" * 60]
    printed = _written(made_up.classes(labels, absent=()), tmp_path, results)
    assert {r"$\foo$", "cheap $_$ x", "A$AP $hip"} <= set(printed)
    assert "x" * 24 + "…" + "x" * 23 in printed


@pytest.mark.parametrize("n_tags", [1, 8, 50])
def test_no_text_of_tags_is_cut_off_or_covered(n_tags):
    figure = draw_tags(
        made_up.tags().iloc[:n_tags], made_up.TESTED, "bass_drums_other_vocals on mtat (frozen)"
    )
    assert illegible_texts(figure) == []


def test_hundreds_of_tags_still_have_a_row_each():
    table = pd.concat(
        [made_up.tags(unscored=()).assign(label=lambda t, n=n: t["label"] + str(n)) for n in range(4)]
    )
    assert illegible_texts(draw_tags(table, made_up.TESTED, "title")) == []


def test_table_without_rows_is_an_error_that_names_it(tmp_path, results):
    with pytest.raises(CacheError, match="per_class.csv: no rows to draw"):
        _written(made_up.tags().iloc[:0], tmp_path, results)


@pytest.mark.parametrize(
    ("draw", "table"), [(draw_tags, made_up.tags()[:10]), (draw_confusion, made_up.classes(absent=()))]
)
def test_what_few_groups_tell_of_is_grey_and_hollow(draw, table):
    few = table["label"][2]
    figure = draw(table.assign(n_groups=np.where(table["label"] == few, 4, 9)), made_up.TESTED, "title")
    axis = figure.axes[0] if draw is draw_tags else figure.axes[1]
    row = next(number for number, text in enumerate(rows_of(figure.axes[0])) if text.startswith(few))
    for (_, y), point in points_of(axis).items():
        assert (
            (point.get_color() == UNDECIDED) == (round(y) == row) == (point.get_markerfacecolor() == "white")
        )
    assert "fewer than 5 songs with the label, or without it" in [
        text.get_text() for text in figure.legends[-1].get_texts()
    ]


def test_class_without_training_clips_says_so(tmp_path, results):
    table = made_up.classes(absent=())
    printed = _written(
        table.assign(n_train=np.where(table["label"] == "synth_lead", 0, 9)), tmp_path, results
    )
    assert printed.count("no training clip") == 1
