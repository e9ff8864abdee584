"""Draw the curves of pretraining: loss and accuracy against the number of pairs seen."""

import math

import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import EngFormatter

from mscol.figures.style import CHANCE, place_legend, save_figure, style_of, styled, with_note
from mscol.io.files import read_results


def plot_convergence(histories, paths, synthesised=False):
    """Draw loss and accuracy of pretraining against the pairs seen, with thin lines for training and thick for validation.

    Lines are means over seeds. The shaded area around a validation line spans all seeds.

    Parameters
    ----------
    histories : dict
        For each model a list of paths of ``history.csv``, one per seed.
    paths : sequence of (str or os.PathLike)
        Output paths: the same figure, in the format of each suffix.
    synthesised : bool
        Whether this workflow made the music of pretraining. The title then mentions it.
    """
    tables = {model: [read_results(history) for history in seeds] for model, seeds in histories.items()}
    save_figure(draw_convergence(tables, synthesised), paths)


@styled()
def draw_convergence(histories, synthesised=False):
    """Draw the figure of `plot_convergence`.

    Dotted lines are chance levels. Training minibatches of equal size share one line. Other sizes get a line in the colour of
    the model, and the legend gives the number of pairs.

    Parameters
    ----------
    histories : dict of str to list of pd.DataFrame
        For each model one table per seed: pairs_seen, loss, accuracy, validation_loss, validation_accuracy, and the pairs
        of a minibatch: pairs, validation_pairs (0 without validation).
    synthesised : bool

    Returns
    -------
    matplotlib.figure.Figure
    """
    figure = Figure(figsize=(11, 5), layout="constrained")
    axes = figure.subplots(1, 2)
    sizes = {model: _sizes(tables) for model, tables in histories.items()}
    training_sizes = {training for training, _ in sizes.values()}
    common = training_sizes.pop() if len(training_sizes) == 1 else None
    for axis, column in zip(axes, ("loss", "accuracy"), strict=True):
        _label(axis, column)
        if common:
            _draw_common_chance(axis, column, common)
        for number, (model, tables) in enumerate(histories.items()):
            others = _other_sizes(*sizes[model], common)
            _draw(axis, tables, column, ": ".join([model, *others.values()]), style_of(number))
            for size in others:
                axis.axhline(_chance(column, size), **CHANCE | {"color": style_of(number)["color"]})
        axis.set_ylim(bottom=0)
    place_legend(figure, axes[0].get_legend_handles_labels()[0], title="thick: validation; thin: training")
    n_seeds = max(len(seeds) for seeds in histories.values())
    spread = f": mean over {n_seeds} seeds, shaded from lowest to highest" if n_seeds > 1 else ""
    figure.suptitle(with_note(f"Pretraining{spread}", synthesised))
    return figure


def _sizes(tables):
    """Return the pairs of a training and of a validation minibatch, which are the same for all seeds of a model."""
    return tuple(int(tables[0][column].iloc[0]) for column in ("pairs", "validation_pairs"))


def _other_sizes(training, validation, common):
    """Describe the numbers of pairs that differ from the common one.

    >>> _other_sizes(128, 52, 128), _other_sizes(64, 64, None), _other_sizes(128, 0, 128)
    ({52: 'validation of 52 pairs'}, {64: '64 pairs'}, {})
    """
    others = {} if training == common else {training: f"{training} pairs"}
    if validation not in (0, training):
        others[validation] = f"validation of {validation} pairs"
    return others


def _chance(column, size):
    return math.log(size) if column == "loss" else 1 / size


def _draw(axis, tables, column, label, style):
    training, validation = _over_seeds(tables, column), _over_seeds(tables, f"validation_{column}")
    axis.plot(training.index, training["mean"], linewidth=0.8, alpha=0.7, **style)
    axis.plot(validation.index, validation["mean"], linewidth=2, label=label, **style)
    axis.fill_between(
        validation.index, validation["min"], validation["max"], color=style["color"], alpha=0.15, linewidth=0
    )


def _over_seeds(tables, column):
    """Return mean, lowest and highest value over seeds, by the pairs seen. Seeds that stopped early have no later values."""
    return pd.concat(tables).groupby("pairs_seen")[column].agg(["mean", "min", "max"]).dropna()


def _label(axis, column):
    axis.set_xlabel("pairs seen")
    axis.xaxis.set_major_formatter(EngFormatter(sep=" "))
    axis.set_ylabel(
        {"loss": "cross-entropy (nats)", "accuracy": "share of anchors that find their positive"}[column]
    )
    axis.grid(alpha=0.3)


def _draw_common_chance(axis, column, size):
    chance = _chance(column, size)
    axis.axhline(chance, **CHANCE)
    axis.annotate(
        f"chance, {size} pairs per minibatch", (1, chance), xycoords=("axes fraction", "data"),
        xytext=(-4, 4), textcoords="offset points", ha="right", color="dimgrey", fontsize=9,
    )  # fmt: skip
