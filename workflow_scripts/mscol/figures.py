"""Figures: how pretraining went."""

import math
from pathlib import Path

import matplotlib
import pandas as pd

from mscol.files import atomic_path, read_json

matplotlib.use("Agg")  # no display is needed
from matplotlib import pyplot

# Okabe & Ito's palette, which colour-blind readers tell apart; line styles go on where colours repeat
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
STYLES = ("-", "--", ":", "-.")


def plot_convergence(runs, paths):
    """Draw loss and accuracy of pretraining against the pairs seen: training thin, validation thick.

    Lines are means over seeds, and the shade around a validation spans all of them.

    Parameters
    ----------
    runs : dict
        For each model a list of (history, run): paths of ``history.csv`` and ``run.json``, one a seed.
    paths : sequence of (str or os.PathLike)
        Written: the same figure, in the format of each suffix.
    """
    histories = {model: [pd.read_csv(history) for history, _ in seeds] for model, seeds in runs.items()}
    n_pairs = {read_json(run).get("n_pairs") for seeds in runs.values() for _, run in seeds}
    with pyplot.rc_context({"font.size": 10, "svg.fonttype": "none", "svg.hashsalt": "mscol"}):
        figure, axes = pyplot.subplots(1, 2, figsize=(10, 4.2), layout="constrained")
        for axis, column in zip(axes, ("loss", "accuracy"), strict=True):
            for number, (model, tables) in enumerate(histories.items()):
                style = {
                    "color": COLOURS[number % len(COLOURS)],
                    "linestyle": STYLES[number // len(COLOURS) % len(STYLES)],
                }
                _draw(axis, tables, column, model, style)
            _label(axis, column, n_pairs)
        axes[0].legend(title="thick: validation; thin: training", fontsize=9, title_fontsize=9)
        n_seeds = max(len(seeds) for seeds in runs.values())
        spread = f": means of {n_seeds} seeds, shaded from the lowest to the highest" if n_seeds > 1 else ""
        figure.suptitle(f"Pretraining{spread}")
        for path in map(Path, paths):
            with atomic_path(path) as partial:
                # Without its date a figure of equal histories is an equal file.
                figure.savefig(partial, dpi=150, metadata={"Date": None} if path.suffix == ".svg" else None)
        pyplot.close(figure)


def _draw(axis, tables, column, model, style):
    training, validation = _over_seeds(tables, column), _over_seeds(tables, f"validation_{column}")
    axis.plot(training.index, training["mean"], linewidth=0.8, alpha=0.7, **style)
    axis.plot(validation.index, validation["mean"], linewidth=2, label=model, **style)
    axis.fill_between(
        validation.index, validation["min"], validation["max"], color=style["color"], alpha=0.15, linewidth=0
    )


def _over_seeds(tables, column):
    """Mean, lowest and highest over seeds, by the pairs seen; seeds that stopped early are missing later."""
    return pd.concat(tables).groupby("pairs_seen")[column].agg(["mean", "min", "max"])


def _label(axis, column, n_pairs):
    axis.set_xlabel("pairs seen")
    axis.set_ylabel(
        {"loss": "cross-entropy (nats)", "accuracy": "share of anchors that find their positive"}[column]
    )
    axis.grid(alpha=0.3)
    if len(n_pairs) == 1:
        (size,) = n_pairs
        chance = math.log(size) if column == "loss" else 1 / size
        axis.axhline(chance, color="grey", linewidth=1, linestyle=(0, (1, 2)))
        axis.annotate(
            f"chance, {size} pairs a minibatch", (1, chance), xycoords=("axes fraction", "data"),
            xytext=(-4, 4), textcoords="offset points", ha="right", color="dimgrey", fontsize=9,
        )  # fmt: skip
    axis.set_ylim(bottom=0)
