"""Draw results against the share of training labels that heads were trained with."""

from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, NullLocator

from mscol.config.naming import dataset_title, heading, protocol_title
from mscol.figures.style import (
    CHANCE,
    PAGE_INCHES,
    place_legend,
    save_figure,
    shown,
    style_of,
    styled,
    synthesised_of,
    with_note,
)
from mscol.io.files import read_results
from mscol.tables.measured import METRIC_TITLES


def plot_label_fractions(summary, paths):
    """Draw each metric against the share of training labels, one line per model.

    Parameters
    ----------
    summary : str or os.PathLike
        Csv as `mscol.tables` writes it.
    paths : sequence of (str or os.PathLike)
        Output paths: the same figure, in the format of each suffix.
    """
    save_figure(draw_label_fractions(read_results(summary)), paths)


@styled()
def draw_label_fractions(summary):
    """Draw the figure of `plot_label_fractions`: one column per dataset and metric, one row per protocol.

    It shows the protocols with several shares, and the first test list of each dataset that they have.

    Parameters
    ----------
    summary : pd.DataFrame

    Returns
    -------
    matplotlib.figure.Figure
    """
    rows = summary[summary.groupby("protocol")["label_fraction"].transform("nunique") > 1]
    rows = rows[rows["test_list"] == rows.groupby("dataset")["test_list"].transform("first")]
    columns = list(
        rows[["dataset", "test_list", "metric"]].drop_duplicates().itertuples(index=False, name=None)
    )
    protocols, models = list(rows["protocol"].unique()), list(rows["model"].unique())
    fractions, synthesised = rows["label_fraction"], synthesised_of(rows)
    # Shift the models slightly, so that their intervals do not cover each other.
    apart = (fractions.max() / fractions.min()) ** 0.014
    height = max(2.6, min(3.4, (PAGE_INCHES - 1.5) / len(protocols)))
    size = (max(2.5 * len(columns) + 0.4, 6), height * len(protocols) + 1.4)
    figure = Figure(figsize=size, layout="constrained")
    axes = figure.subplots(len(protocols), len(columns), sharex=True, sharey="col", squeeze=False)
    for protocol, line in zip(protocols, axes, strict=True):
        for (dataset, test_list, metric), axis in zip(columns, line, strict=True):
            chosen = (
                (rows["dataset"] == dataset) & (rows["metric"] == metric) & (rows["protocol"] == protocol)
            )
            _draw_panel(axis, rows[chosen], models, apart)
            if axis in axes[0]:
                where = "" if test_list == "all" else f"\n{test_list} test list"
                named = heading(dataset_title(dataset, synthesised), METRIC_TITLES.get(metric, metric))
                axis.set_title(f"{named}{where}")
        line[0].set_ylabel(protocol_title(protocol))
    for axis in axes[-1]:
        _set_fractions(axis, sorted(rows["label_fraction"].unique()))
    handles = [
        Line2D([], [], marker="o", markersize=4, linewidth=1.4, label=shown(model), **style_of(number))
        for number, model in enumerate(models)
    ]
    place_legend(figure, [*handles, Line2D([], [], label="chance", **CHANCE)])
    figure.suptitle(
        with_note("Results by the share of training labels; bars are 95 % intervals", synthesised)
    )
    return figure


def _draw_panel(axis, panel, models, apart):
    for number, model in enumerate(models):
        line = panel[panel["model"] == model].sort_values("label_fraction")
        fractions = line["label_fraction"] * apart ** (number - (len(models) - 1) / 2)
        style = style_of(number)
        axis.plot(fractions, line["value"], marker="o", markersize=4, linewidth=1.4, label=model, **style)
        axis.vlines(fractions, line["low"], line["high"], color=style["color"], linewidth=1.2)
    if panel["chance"].notna().any():
        axis.axhline(panel["chance"].dropna().iloc[0], **CHANCE)
    axis.grid(alpha=0.3)


def _set_fractions(axis, fractions):
    axis.set_xscale("log")
    axis.set_xticks(fractions)
    axis.xaxis.set_minor_locator(NullLocator())
    axis.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{100 * value:.4g} %"))
    axis.set_xlabel("training labels")
