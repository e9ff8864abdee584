"""Draw the difference between two models for each tag or class, with intervals."""

import itertools

import numpy as np
from matplotlib.figure import Figure

from mscol.config.naming import dataset_title
from mscol.errors import CacheError
from mscol.figures.labels import draw_interval, point_handle, set_rows, write_note
from mscol.figures.style import (
    BETTER,
    PAGE_INCHES,
    TASK_METRICS,
    UNDECIDED,
    WORSE,
    block_inches,
    blocks,
    choose_group,
    place_legend,
    save_figure,
    shown,
    styled,
    with_note,
)
from mscol.io.files import read_results
from mscol.metrics.intervals import FEWEST_GROUPS, SIGNIFICANT
from mscol.tables.measured import METRIC_TITLES

_NAMES = {"tagging": "tags", "classification": "classes", "regression": "numbers"}


def plot_differences(comparisons, dataset, model, paths, synthesised=False):
    """Draw the differences between a model and the reference model on each tag or class.

    Parameters
    ----------
    comparisons : str or os.PathLike
        As `mscol.tables` writes it: dataset, model, reference, protocol, test_list, label_fraction,
        metric, label, n_runs, n_groups, difference, low, high, mark.
    dataset, model : str
    paths : sequence of (str or os.PathLike)
        Output paths: the same figure, in the format of each suffix.
    synthesised : bool
        Whether this workflow made the dataset. The title then mentions it.

    Raises
    ------
    CacheError
        If the table does not compare this model on this dataset.
    """
    table = read_results(comparisons)
    drawn = list(itertools.chain(*TASK_METRICS.values()))
    scored = table[(table["dataset"] == dataset) & table["metric"].isin(drawn)]
    if scored.empty:
        save_figure(
            _note(f"{dataset_title(dataset, [dataset] * synthesised)} has too few test clips to be scored."),
            paths,
        )
        return
    rows = scored[scored["model"] == model]
    if rows.empty:
        raise CacheError(f"{comparisons}: does not compare {model} on {dataset}. Delete it and run again.")
    rows, group = choose_group(rows, comparisons)
    title = f"on {dataset_title(dataset, [dataset] * synthesised)} ({group})"
    save_figure(draw_differences(rows, with_note(title, synthesised)), paths)


@styled()
def _note(text):
    figure = Figure(figsize=(5, 1), layout="constrained")
    figure.text(0.5, 0.5, text, ha="center", va="center")
    return figure


@styled()
def draw_differences(rows, title):
    """Draw the figure of `plot_differences`, with significant differences highlighted.

    Parameters
    ----------
    rows : pd.DataFrame
        One row per label and metric.
    title : str

    Returns
    -------
    matplotlib.figure.Figure
    """
    task = next(name for name, metrics in TASK_METRICS.items() if rows["metric"].isin(metrics).any())
    metrics = TASK_METRICS[task]
    tables = {metric: rows[rows["metric"] == metric].set_index("label") for metric in metrics}
    ordered = tables[metrics[0]]["difference"].sort_values(ascending=False, na_position="last", kind="stable")
    parts = blocks(list(ordered.index))
    height = min(0.235 * len(parts[0]) + 1.9, max(PAGE_INCHES, 0.2 * len(parts[0]) + 1.9))
    figure = Figure(figsize=(block_inches(parts), height), layout="constrained")
    axes = figure.subplots(1, 2 * len(parts), squeeze=False)[0]
    for number, part in enumerate(parts):
        for axis, metric in zip(axes[2 * number :], metrics, strict=False):
            set_rows(axis, [shown(label) for label in part])
            _draw_panel(axis, tables[metric].reindex(part), metric)
            axis.set_xlim(*_limits(tables[metric]))
        axes[2 * number + 1].set_yticklabels([])
    model, reference = rows[["model", "reference"]].iloc[0].map(shown)
    handles = [
        point_handle(BETTER, f"{model} is better"),
        point_handle(WORSE, f"{reference} is better"),
        point_handle(UNDECIDED, "not significant, or too few groups", markerfacecolor="white"),
    ]
    place_legend(figure, handles)
    figure.suptitle(f"{model} minus {reference} {title}\n{_count(tables, task)}", fontsize=11)
    return figure


def _draw_panel(axis, table, metric):
    axis.axvline(0, color="black", linewidth=0.8)
    for number, row in enumerate(table.itertuples()):
        if not np.isfinite(row.difference):
            write_note(axis, number, "not scored")
            continue
        colour = {"higher": BETTER, "lower": WORSE}.get(row.mark, UNDECIDED)
        face = {"markerfacecolor": "white"} if colour == UNDECIDED else {}
        draw_interval(axis, number, row.difference, row.low, row.high, colour, **face)
    axis.set_xlabel(f"difference in {METRIC_TITLES[metric]}")
    axis.locator_params(axis="x", nbins=5)


def _limits(table):
    """Return limits symmetric around 0, so that both sides look alike."""
    known = table[["difference", "low", "high"]].to_numpy()
    known = np.abs(known[np.isfinite(known)])
    reach = 1.05 * max(known.max(initial=0.0), 0.01)
    return -reach, reach


def _count(tables, task):
    """Describe how many labels differ significantly, and how many would by chance."""
    first = next(iter(tables.values()))
    names = _NAMES[task]
    if (first["n_runs"] < 2).all():
        return f"One seed: the variation between trainings is unknown, so no {names} are marked as better or worse"
    told = first["difference"].notna() & (first["n_groups"] >= FEWEST_GROUPS)
    counts = [
        f"{METRIC_TITLES[metric]}: {(table['mark'] == 'higher').sum()} {names} better, {(table['mark'] == 'lower').sum()} worse"
        for metric, table in tables.items()
    ]
    alike = f"of {told.sum()} with at least {FEWEST_GROUPS} groups (up to {SIGNIFICANT * told.sum():.1f} by chance)"
    return f"{'; '.join(counts)}, {alike}"
