"""Compare all models: one panel per dataset, test list and metric."""

import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from mscol.config.evaluations import shots_of
from mscol.config.naming import dataset_title, heading, protocol_title
from mscol.figures.style import (
    CHANCE,
    COLOURS,
    describe_test_list,
    place_legend,
    save_figure,
    shown,
    styled,
    synthesised_of,
    with_note,
)
from mscol.io.files import read_results
from mscol.tables.measured import LOWER_IS_BETTER, METRIC_TITLES

_PANELS_A_ROW = 4
_BAR_INCHES, _GAP_INCHES = 0.108, 0.09


def plot_comparison(summary, paths):
    """Draw the results of all models with intervals and chance levels.

    Parameters
    ----------
    summary : str or os.PathLike
        Csv as `mscol.tables` writes it: dataset, model, protocol, label_fraction, test_list, metric,
        value, low, high, seeds, seed_std, chance, synthesised (1 for music that the workflow made).
    paths : sequence of (str or os.PathLike)
        Output paths: the same figure, in the format of each suffix.
    """
    save_figure(draw_comparison(read_results(summary)), paths)


@styled()
def draw_comparison(summary):
    """Draw the figure of `plot_comparison`.

    A bar reaches from the chance level to the result. If there are several shares of training labels, the largest of each
    protocol is drawn (`mscol.figures.label_fractions` draws all).

    Parameters
    ----------
    summary : pd.DataFrame

    Returns
    -------
    matplotlib.figure.Figure
    """
    largest = summary.groupby("protocol", sort=False)["label_fraction"].max()
    rows = summary[summary["label_fraction"] == summary["protocol"].map(largest)]
    models, protocols = list(rows["model"].unique()), list(largest.index)
    panels = list(rows.groupby(["dataset", "test_list", "metric"], sort=False))
    synthesised = synthesised_of(rows)
    n_columns = min(len(panels), _PANELS_A_ROW)
    n_rows = -(-len(panels) // n_columns)
    panel_inches = len(models) * (len(protocols) * _BAR_INCHES + _GAP_INCHES) + 0.75
    figure = Figure(
        figsize=(max(2.0 + 2.7 * n_columns, 7.4), n_rows * panel_inches + 1.2), layout="constrained"
    )
    axes = figure.subplots(n_rows, n_columns, sharey=True, squeeze=False).ravel()
    for axis, ((dataset, test_list, metric), panel) in zip(axes, panels, strict=False):
        _draw_panel(axis, panel, models, protocols)
        where = describe_test_list(test_list)
        named = heading(dataset_title(dataset, synthesised), METRIC_TITLES.get(metric, metric))
        named += " (lower is better)" * (metric in LOWER_IS_BETTER)
        axis.set_title(named + (f"\n{where}" if where else ""))
    for axis in axes[len(panels) :]:
        axis.remove()
    axes[0].set_ylim(len(models) - 0.5, -0.5)
    axes[0].set_yticks(range(len(models)), [shown(model) for model in models])
    titles = [
        protocol_title(protocol) + ("" if share == 1 else f", {share:.4g} of the labels")
        for protocol, share in largest.items()
    ]
    _add_legend(figure, titles, runs=_runs(rows))
    how = f" ({titles[0]})" if len(titles) == 1 else ""
    figure.suptitle(with_note(f"Results on the test clips{how}", synthesised))
    return figure


def _draw_panel(axis, panel, models, protocols):
    chance = panel["chance"].iloc[0]
    base = chance if np.isfinite(chance) else 0.0
    height = 0.8 / len(protocols)
    shown_here = [protocol for protocol in protocols if protocol in set(panel["protocol"])]
    drawn = [base]
    for row in panel.itertuples():
        number, place = protocols.index(row.protocol), shown_here.index(row.protocol)
        y = models.index(row.model) + (place - (len(shown_here) - 1) / 2) * height
        colour = COLOURS[number % len(COLOURS)]
        axis.barh(y, row.value - base, height * 0.82, left=base, color=colour, alpha=0.45, linewidth=0)
        ends = [row.value, row.low, row.high]
        if np.isfinite(row.seed_std):  # several runs
            spread = [row.value - row.seed_std, row.value + row.seed_std]
            axis.plot(spread, [y, y], color=colour, linewidth=4.5, solid_capstyle="butt")
            ends += spread
        axis.plot([row.low, row.high], [y, y], color="black", linewidth=1.1, marker="|", markersize=3.5)
        drawn += ends
        right = np.nanmax([*ends, base])
        axis.annotate(
            f"{row.value:.3f}", (right, y), xytext=(4, -0.5), textcoords="offset points", va="center", fontsize=7,
        )  # fmt: skip
    if np.isfinite(chance):
        axis.axvline(chance, **CHANCE)
    lowest, highest = np.nanmin(drawn), np.nanmax(drawn)
    room = max(highest - lowest, 0.02)
    axis.set_xlim(lowest - 0.06 * room, highest + 0.28 * room)
    axis.locator_params(axis="x", nbins=4)
    axis.tick_params(axis="y", length=0)
    axis.grid(axis="x", alpha=0.3)
    axis.set_axisbelow(True)


def _runs(rows):
    """Return what was trained several times and resampled."""
    if (rows["seeds"] > 1).any():
        return "seeds"
    is_drawn = rows["protocol"].map(shots_of) > 0
    if (rows.loc[~is_drawn, "heads"] > 1).any():
        return "heads"
    return "draws" if is_drawn.any() else ""


def _add_legend(figure, titles, runs):
    handles = []
    if len(titles) > 1:
        handles += [
            Patch(color=COLOURS[number % len(COLOURS)], alpha=0.6, linewidth=0, label=title)
            for number, title in enumerate(titles)
        ]
    style = {"color": "black", "linewidth": 1.1, "marker": "|", "markersize": 3.5}
    of_what = f" of the mean over {runs}" if runs else ""
    handles.append(Line2D([], [], label=f"95 % interval{of_what}", **style))
    if runs:
        handles.append(Line2D([], [], color="grey", linewidth=4.5, label=f"± 1 s.d. of single {runs}"))
    handles.append(Line2D([], [], label="chance", **CHANCE))
    place_legend(figure, handles)
