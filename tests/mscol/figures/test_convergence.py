"""The figure of how pretraining went."""

import json
import xml.etree.ElementTree as ElementTree

import pandas as pd
import pytest
from matplotlib import image

from mscol.figures.convergence import plot_convergence


@pytest.fixture
def runs(tmp_path):
    """Two seeds of one model, of which one stopped early, and one seed without validation of another."""

    def write(name, n_rows, validated=True):
        history = pd.DataFrame({"pairs_seen": range(8, 8 * n_rows + 1, 8)})
        for column, falling in (("loss", 2.0), ("accuracy", 0.5)):
            history[column] = falling / history["pairs_seen"]
            history[f"validation_{column}"] = history[column] + 0.1 if validated else float("nan")
        history.to_csv(tmp_path / f"{name}.csv", index=False)
        (tmp_path / f"{name}.json").write_text(json.dumps({"n_pairs": 8}))
        return tmp_path / f"{name}.csv", tmp_path / f"{name}.json"

    return {"bass_vocals": [write("a", 5), write("b", 3)], "mixture": [write("c", 5, validated=False)]}


def test_figure_names_models_axes_and_chance(runs, tmp_path):
    plot_convergence(runs, [tmp_path / "out" / "figure.svg", tmp_path / "out" / "figure.png"])
    tree = ElementTree.parse(tmp_path / "out" / "figure.svg")
    said = " ".join(text for element in tree.iter() for text in element.itertext())
    for wanted in (
        "bass_vocals",
        "mixture",
        "pairs seen",
        "cross-entropy (nats)",
        "chance, 8 pairs",
        "2 seeds",
    ):
        assert wanted in said
    assert image.imread(tmp_path / "out" / "figure.png").shape[:2] == (750, 1650)


def test_equal_histories_give_an_equal_file(runs, tmp_path):
    for name in ("one.svg", "two.svg"):
        plot_convergence(runs, [tmp_path / name])
    assert (tmp_path / "one.svg").read_bytes() == (tmp_path / "two.svg").read_bytes()
