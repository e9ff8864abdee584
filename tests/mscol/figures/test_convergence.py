"""The figure of how pretraining went."""

import math
import xml.etree.ElementTree as ElementTree

import pandas as pd
import pytest
from matplotlib import image

from mscol.figures.convergence import draw_convergence, plot_convergence


@pytest.fixture
def runs(tmp_path):
    """Two seeds of one model, of which one stopped early, and one seed without validation of another."""

    def write(name, n_rows, validated=True):
        history = pd.DataFrame({"pairs_seen": range(8, 8 * n_rows + 1, 8)})
        for column, falling in (("loss", 2.0), ("accuracy", 0.5)):
            history[column] = falling / history["pairs_seen"]
            history[f"validation_{column}"] = history[column] + 0.1 if validated else float("nan")
        history = history.assign(pairs=8, validation_pairs=8 if validated else 0)
        history.to_csv(tmp_path / f"{name}.csv", index=False)
        return tmp_path / f"{name}.csv"

    return {"bass_vocals": [write("a", 5), write("b", 3)], "mixture": [write("c", 5, validated=False)]}


def test_figure_names_models_axes_and_chance(runs, tmp_path):
    plot_convergence(runs, [tmp_path / "out" / "figure.svg", tmp_path / "out" / "figure.png"])
    tree = ElementTree.parse(tmp_path / "out" / "figure.svg")
    printed = " ".join(text for element in tree.iter() for text in element.itertext())
    for wanted in (
        "bass_vocals",
        "mixture",
        "pairs seen",
        "cross-entropy (nats)",
        "chance, 8 pairs",
        "2 seeds",
    ):
        assert wanted in printed
    assert image.imread(tmp_path / "out" / "figure.png").shape[:2] == (750, 1650)


def test_equal_histories_give_an_equal_file(runs, tmp_path):
    for name in ("one.svg", "two.svg"):
        plot_convergence(runs, [tmp_path / name])
    assert (tmp_path / "one.svg").read_bytes() == (tmp_path / "two.svg").read_bytes()


def chance_of(axis):
    """The levels of dotted lines, and the texts that stand in the panel."""
    dotted = [line.get_ydata()[0] for line in axis.lines if len(set(line.get_ydata())) == 1]
    return sorted(dotted), [text.get_text() for text in axis.texts]


def test_validation_of_fewer_pairs_has_a_chance_line_of_its_own_and_says_so(runs):
    tables = {model: [pd.read_csv(path) for path in paths] for model, paths in runs.items()}
    tables["bass_vocals"] = [table.assign(validation_pairs=5) for table in tables["bass_vocals"]]
    figure = draw_convergence(tables)
    loss, accuracy = figure.axes
    assert chance_of(loss) == ([math.log(5), math.log(8)], ["chance, 8 pairs per minibatch"])
    assert chance_of(accuracy)[0] == [1 / 8, 1 / 5]
    (legend,) = figure.legends
    names = [text.get_text() for text in legend.get_texts()]
    assert names == ["bass_vocals: validation of 5 pairs", "mixture"]


def test_models_of_different_minibatches_have_a_chance_line_each(runs):
    tables = {model: [pd.read_csv(path) for path in paths] for model, paths in runs.items()}
    tables["bass_vocals"] = [table.assign(pairs=6, validation_pairs=6) for table in tables["bass_vocals"]]
    figure = draw_convergence(tables)
    assert chance_of(figure.axes[0]) == ([math.log(6), math.log(8)], [])
    names = [text.get_text() for text in figure.legends[0].get_texts()]
    assert names == ["bass_vocals: 6 pairs", "mixture: 8 pairs"]
