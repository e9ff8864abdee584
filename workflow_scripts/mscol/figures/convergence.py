"""How pretraining went: loss and accuracy against the pairs seen."""

import math

import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import EngFormatter

from mscol.figures.style import CHANCE, place_legend, save_figure, style_of, styled, with_note
from mscol.io.files import read_json, read_results


def plot_convergence(runs, paths, synthesised=False):
    """Draw loss and accuracy of pretraining against the pairs seen: training thin, validation thick.

    Lines are means over seeds, and the shade around a validation spans all of them.

    Parameters
    ----------
    runs : dict
        For each model a list of (history, run): paths of ``history.csv`` and ``run.json``, one a seed.
    paths : sequence of (str or os.PathLike)
        Written: the same figure, in the format of each suffix.
    synthesised : bool
        Whether this workflow made the music that was pretrained on, which the title then says.
    """
    histories = {model: [read_results(history) for history, _ in seeds] for model, seeds in runs.items()}
    n_pairs = {read_json(run).get("n_pairs") for seeds in runs.values() for _, run in seeds}
    save_figure(draw_convergence(histories, n_pairs, synthesised), paths)


@styled()
def draw_convergence(histories, n_pairs, synthesised=False):
    """Draw what `plot_convergence` writes.

    Parameters
    ----------
    histories : dict of str to list of pd.DataFrame
        For each model a table a seed: pairs_seen, loss, accuracy, validation_loss, validation_accuracy.
    n_pairs : set
        Pairs of a minibatch. Where all runs have the same, the level of chance is drawn.
    synthesised : bool

    Returns
    -------
    matplotlib.figure.Figure
    """
    figure = Figure(figsize=(11, 5), layout="constrained")
    axes = figure.subplots(1, 2)
    for axis, column in zip(axes, ("loss", "accuracy"), strict=True):
        for number, (model, tables) in enumerate(histories.items()):
            _draw(axis, tables, column, model, style_of(number))
        _label(axis, column, n_pairs)
    place_legend(figure, axes[0].get_legend_handles_labels()[0], title="thick: validation; thin: training")
    n_seeds = max(len(seeds) for seeds in histories.values())
    spread = f": means of {n_seeds} seeds, shaded from the lowest to the highest" if n_seeds > 1 else ""
    figure.suptitle(with_note(f"Pretraining{spread}", synthesised))
    return figure


def _draw(axis, tables, column, model, style):
    training, validation = _over_seeds(tables, column), _over_seeds(tables, f"validation_{column}")
    axis.plot(training.index, training["mean"], linewidth=0.8, alpha=0.7, **style)
    axis.plot(validation.index, validation["mean"], linewidth=2, label=model, **style)
    axis.fill_between(
        validation.index, validation["min"], validation["max"], color=style["color"], alpha=0.15, linewidth=0
    )


def _over_seeds(tables, column):
    """Mean, lowest and highest over seeds, by the pairs seen; seeds that stopped early are missing later."""
    return pd.concat(tables).groupby("pairs_seen")[column].agg(["mean", "min", "max"]).dropna()


def _label(axis, column, n_pairs):
    axis.set_xlabel("pairs seen")
    axis.xaxis.set_major_formatter(EngFormatter(sep=" "))
    axis.set_ylabel(
        {"loss": "cross-entropy (nats)", "accuracy": "share of anchors that find their positive"}[column]
    )
    axis.grid(alpha=0.3)
    if len(n_pairs) == 1:
        (size,) = n_pairs
        chance = math.log(size) if column == "loss" else 1 / size
        axis.axhline(chance, **CHANCE)
        axis.annotate(
            f"chance, {size} pairs a minibatch", (1, chance), xycoords=("axes fraction", "data"),
            xytext=(-4, 4), textcoords="offset points", ha="right", color="dimgrey", fontsize=9,
        )  # fmt: skip
    axis.set_ylim(bottom=0)
