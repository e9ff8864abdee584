"""Draw results on perturbed test clips against the severity of the perturbation."""

from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from mscol.config.naming import dataset_title
from mscol.errors import CacheError
from mscol.figures.style import (
    describe_test_list,
    place_legend,
    save_figure,
    shown,
    style_of,
    styled,
    with_note,
)
from mscol.io.files import read_results
from mscol.perturbations.grammar import KINDS, parse_perturbation
from mscol.tables.measured import METRIC_TITLES

_POINT_INCHES, _FEWEST_POINTS, _PANEL_INCHES = 0.6, 3, 2.6
_SHARED = 0.36  # share of the distance between two points over which the models are spread
_CLEAN = {"linewidth": 0.8, "alpha": 0.6, "linestyle": (0, (1, 2))}


def plot_robustness(table, dataset, paths, synthesised=False):
    """Draw each metric of one dataset against the severity of perturbations, one line per model.

    Parameters
    ----------
    table : str or os.PathLike
        As `mscol.tables.robustness` writes it.
    dataset : str
    paths : sequence of (str or os.PathLike)
        Output paths: the same figure, in the format of each suffix.
    synthesised : bool
        Whether this workflow made the dataset. The title then mentions it.

    Raises
    ------
    CacheError
        If the table has no row of the dataset.
    """
    rows = read_results(table)
    rows = rows[rows["dataset"] == dataset]
    if rows.empty:
        raise CacheError(f"{table}: no rows for {dataset}. Delete it and run again.")
    save_figure(draw_robustness(rows, synthesised), paths)


@styled()
def draw_robustness(rows, synthesised=False):
    """Draw the figure of `plot_robustness`: one column per kind of perturbation, one row per metric, for the first test list.

    Parameters
    ----------
    rows : pd.DataFrame
        The rows of one dataset.
    synthesised : bool

    Returns
    -------
    matplotlib.figure.Figure
    """
    dataset, test_list = rows[["dataset", "test_list"]].iloc[0]
    rows = rows[rows["test_list"] == test_list]
    kinds = _by_kind(rows["perturbation"].unique())
    metrics, models = list(rows["metric"].unique()), list(rows["model"].unique())
    widths = [max(_FEWEST_POINTS, len(found) + 1) for found in kinds.values()]
    size = (max(_POINT_INCHES * sum(widths) + 0.8, 8), _PANEL_INCHES * len(metrics) + 1.4)
    figure = Figure(figsize=size, layout="constrained")
    axes = figure.subplots(
        len(metrics), len(kinds), sharex="col", sharey="row", squeeze=False, width_ratios=widths
    )
    for metric, line in zip(metrics, axes, strict=True):
        line[0].set_ylabel(METRIC_TITLES.get(metric, metric))
        for found, axis in zip(kinds.values(), line, strict=True):
            _draw_panel(axis, rows[rows["metric"] == metric], found, models)
    for (kind, found), top, bottom in zip(kinds.items(), axes[0], axes[-1], strict=True):
        top.set_title(KINDS[kind].title)
        bottom.set_xticks(range(len(found) + 1), ["clean", *map(_amount, found)], fontsize=9)
        bottom.set_xlabel(KINDS[kind].unit)
        bottom.set_xlim(-0.4, len(found) + 0.4)
    handles = [
        Line2D([], [], marker="o", markersize=4, linewidth=1.4, label=shown(model), **style_of(number))
        for number, model in enumerate(models)
    ]
    place_legend(figure, [*handles, Line2D([], [], color="black", label="clean clips", **_CLEAN)])
    where = describe_test_list(test_list)
    title = f"Perturbed test clips of {dataset_title(dataset, [dataset] * synthesised)}"
    title += f" ({where})" if where else ""
    figure.suptitle(
        with_note(f"{title}\nBars are 95 % intervals of the difference from clean clips", synthesised)
    )
    return figure


def _by_kind(names):
    """Group perturbations by kind, in the order of `KINDS`, from mild to severe.

    >>> {kind: [found.name for found in several] for kind, several in _by_kind(["mp3-16", "clip1", "mp3-64"]).items()}
    {'clip': ['clip1'], 'mp3': ['mp3-64', 'mp3-16']}
    """
    found = sorted(map(parse_perturbation, names), key=lambda one: one.severity)
    kinds = {kind: [one for one in found if one.kind == kind] for kind in KINDS}
    return {kind: several for kind, several in kinds.items() if several}


def _amount(perturbation):
    """
    >>> _amount(parse_perturbation("mp3-32")), _amount(parse_perturbation("pitch+1"))
    ('32', '+1')
    """
    number = "{:+g}" if KINDS[perturbation.kind].is_milder_if == "nearer" else "{:g}"
    return number.format(perturbation.amount)


def _draw_panel(axis, panel, perturbations, models):
    names = [found.name for found in perturbations]
    for number, model in enumerate(models):
        line = panel[panel["model"] == model].set_index("perturbation").loc[names]
        clean, style = line["clean"].iloc[0], style_of(number)
        apart = _SHARED * ((number + 0.5) / len(models) - 0.5)
        places = [apart + place for place in range(1, len(names) + 1)]
        axis.axhline(clean, color=style["color"], **_CLEAN)
        axis.plot([0, *places], [clean, *line["perturbed"]], marker="o", markersize=4, linewidth=1.4, **style)
        axis.vlines(places, clean + line["low"], clean + line["high"], color=style["color"], linewidth=1.2)
    axis.grid(axis="y", alpha=0.3)
