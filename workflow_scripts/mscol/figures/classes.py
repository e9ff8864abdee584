"""Draw the results of one model on one dataset per label: a confusion matrix of classes, or the scores of each tag."""

import numpy as np
from matplotlib import colormaps
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from mscol.config.naming import dataset_title
from mscol.errors import CacheError
from mscol.figures.labels import draw_interval, point_handle, set_rows, write_note
from mscol.figures.style import (
    COLOURS,
    PAGE_INCHES,
    UNDECIDED,
    WAY,
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
from mscol.metrics.intervals import FEWEST_GROUPS
from mscol.tables.measured import LOWER_IS_BETTER, METRIC_TITLES, METRICS

_MOST_WRITTEN_CLASSES = 20  # in a confusion matrix; with more, cells are too small for numbers and lines
_MOST_NAMED_CLASSES = 40
_CLASS_METRICS = {"precision": ("#E69F00", "s"), "recall": ("#0072B2", "o"), "f1": ("#000000", "D")}


def plot_classes(per_class, results, dataset, model, paths, synthesised=False):
    """Draw the results of a model on each tag or class.

    Parameters
    ----------
    per_class : str or os.PathLike
        As `mscol.tables` writes it: columns protocol, test_list, label_fraction, label, n_positive, the
        metrics with ``_low`` and ``_high``; for classes also ``as_{class}``, the clips predicted as that class.
    results : str or os.PathLike
        The table of results of the same model, which has the number of test clips.
    dataset, model : str
        For the title.
    paths : sequence of (str or os.PathLike)
        Output paths: the same figure, in the format of each suffix.
    synthesised : bool
        Whether this workflow made the dataset. The title then mentions it.
    """
    rows, group = choose_group(read_results(per_class), per_class)
    dataset = dataset_title(dataset, [dataset] * synthesised)
    title = with_note(f"{shown(model)} on {dataset} ({group})", synthesised)
    tested = read_results(results)
    # Another protocol may have other test clips.
    chosen = (tested[WAY] == rows[WAY].iloc[0]).all(axis=1) & (tested["n_test"] > 0)
    if not chosen.any():
        raise CacheError(
            f"{results}: no rows for the protocol and test list of {per_class}. Delete both files and run again."
        )
    draw = draw_tags if "roc_auc" in rows else draw_numbers if "r2" in rows else draw_confusion
    save_figure(draw(rows, tested[chosen].iloc[0], title), paths)


@styled()
def draw_tags(rows, tested, title):
    """Draw ROC-AUC and PR-AUC of each tag with intervals and chance levels, the best tag first.

    Parameters
    ----------
    rows : pd.DataFrame
        One row per tag: label, n_positive, n_groups, n_train, roc_auc, pr_auc, their intervals, pr_auc_chance.
    tested : pd.Series
        n_test, n_groups and grouped_by: the number of test clips, and the resampled units.
    title : str

    Returns
    -------
    matplotlib.figure.Figure
    """
    rows = rows.sort_values("roc_auc", ascending=False, na_position="last", kind="stable")
    parts = blocks(rows)
    height = min(0.235 * len(parts[0]) + 1.5, max(PAGE_INCHES, 0.2 * len(parts[0]) + 1.5))
    figure = Figure(figsize=(block_inches(parts), height), layout="constrained")
    axes = figure.subplots(1, 2 * len(parts), squeeze=False)[0]
    lowest = min(0.5, rows["roc_auc_low"].min(), rows["roc_auc"].min())
    limits = {"roc_auc": (lowest - 0.03, 1.03), "pr_auc": (-0.03, 1.03)}
    for number, part in enumerate(parts):
        for axis, metric, colour in zip(axes[2 * number :], ("roc_auc", "pr_auc"), COLOURS, strict=False):
            chance = np.full(len(part), 0.5) if metric == "roc_auc" else part["pr_auc_chance"].to_numpy()
            _draw_tag_panel(axis, part, tested, metric, chance, colour)
            axis.set_xlim(*limits[metric])
        axes[2 * number + 1].set_yticklabels([])
    handles = [
        point_handle("black", "mean of all runs, 95 % interval"),
        *_handle_of_few(rows, tested),
        Line2D([], [], linestyle="none", marker="|", markersize=9, color="dimgrey", label="chance"),
    ]
    place_legend(figure, handles)
    figure.suptitle(f"{title}\nEach tag with its number of {_what_counts(tested)}", fontsize=11)
    return figure


@styled()
def draw_numbers(rows, tested, title):
    """Draw the metrics of a regression with their intervals, one panel per metric.

    Parameters
    ----------
    rows : pd.DataFrame
        One row: label, r2, pearson_r, mean_absolute_error and their intervals.
    tested, title
        As for `draw_tags`.

    Returns
    -------
    matplotlib.figure.Figure
    """
    metrics = METRICS["regression"]
    figure = Figure(figsize=(block_inches([rows]), 2.2), layout="constrained")
    for axis, metric in zip(figure.subplots(1, len(metrics), squeeze=False)[0], metrics, strict=True):
        row = rows.iloc[0]
        set_rows(axis, [shown(row["label"])] if metric == metrics[0] else [""])
        draw_interval(axis, 0, row[metric], row[f"{metric}_low"], row[f"{metric}_high"], colour=COLOURS[0])
        axis.set_xlabel(METRIC_TITLES[metric] + " (lower is better)" * (metric in LOWER_IS_BETTER))
        if metric not in LOWER_IS_BETTER:
            axis.axvline(0, color="dimgrey", linewidth=0.8)  # value for predicting the mean
    figure.suptitle(f"{title}\n{tested['n_test']:,.0f} clips, 95 % intervals", fontsize=11)
    return figure


def _draw_tag_panel(axis, part, tested, metric, chance, colour):
    set_rows(axis, _counted(part, tested))
    for number, (_, row) in enumerate(part.iterrows()):
        if np.isfinite(row[metric]):
            few = row["n_groups"] < FEWEST_GROUPS
            style = {"colour": UNDECIDED, "markerfacecolor": "white"} if few else {"colour": colour}
            draw_interval(axis, number, row[metric], row[f"{metric}_low"], row[f"{metric}_high"], **style)
            axis.plot(chance[number], number, linestyle="none", marker="|", markersize=9, color="dimgrey")
        else:
            why = "no positive clip" if row["n_positive"] == 0 else "no negative clip"
            write_note(axis, number, f"not scored: {why}")
        if row["n_train"] == 0 and metric == "pr_auc":
            write_note(axis, number, "no training clip")
    axis.set_xlabel(METRIC_TITLES[metric])


def _counted(rows, tested):
    """Return labels with their number of clips, and of groups if these are fewer and not the clips themselves."""
    grouped = tested["grouped_by"] != "clip"
    counts = [
        f"{row.n_positive:,.0f}"
        + (f" / {row.n_groups:,.0f}" if grouped and row.n_groups < row.n_positive else "")
        for row in rows.itertuples()
    ]
    return [f"{shown(label)} ({count})" for label, count in zip(rows["label"], counts, strict=True)]


def _what_counts(tested):
    clips, groups, unit = tested[["n_test", "n_groups", "grouped_by"]]
    return f"clips (of {clips:,.0f})" + (
        "" if unit == "clip" else f" / {unit}s (of {groups:,.0f}) with it, or without it if fewer"
    )


def _handle_of_few(rows, tested):
    """Yield the legend entry of labels with few groups, if there are any."""
    if (rows["n_groups"] < FEWEST_GROUPS).any():
        label = f"fewer than {FEWEST_GROUPS} {tested['grouped_by']}s with the label, or without it"
        yield point_handle(UNDECIDED, label, markerfacecolor="white")


def _rows_a_text(classes):
    """Return n, where every nth class is named: a matrix no larger than the page has no room for all names."""
    return -(-len(classes) // _MOST_NAMED_CLASSES)


@styled()
def draw_confusion(rows, tested, title):
    """Draw a confusion matrix next to precision, recall and F1 of each class with intervals.

    Parameters
    ----------
    rows : pd.DataFrame
        One row per class: label, n_positive, n_groups, n_train, recall, precision, f1 with their intervals, and for each class
        ``as_{class}``, the clips predicted as that class.
    tested : pd.Series
        As for `draw_tags`.
    title : str

    Returns
    -------
    matplotlib.figure.Figure
    """
    labels = list(rows["label"])
    counts = rows[[f"as_{label}" for label in labels]].to_numpy(float)
    totals = counts.sum(axis=1, keepdims=True)
    shares = np.divide(counts, totals, out=np.full_like(counts, np.nan), where=totals > 0)
    side = min(max(0.48 * len(labels), 3.4), PAGE_INCHES - 1.9)
    figure = Figure(figsize=(side * 1.15 + 6.6, side + 1.9), layout="constrained")
    matrix, scores = figure.subplots(1, 2, width_ratios=(side * 1.15, 3.6))
    _draw_matrix(figure, matrix, rows, tested, shares, totals[:, 0])
    _draw_class_scores(scores, rows)
    if handles := [*_handle_of_few(rows, tested)]:
        place_legend(figure, handles)
    figure.suptitle(f"{title}\nEach class with its number of {_what_counts(tested)}", fontsize=11)
    return figure


def _draw_matrix(figure, axis, rows, tested, shares, totals):
    labels = list(rows["label"])
    image = axis.imshow(100 * shares, cmap=colormaps["Blues"].with_extremes(bad="0.9"), vmin=0, vmax=100)
    ticks, names = range(len(labels)), [shown(label) for label in labels]
    every = slice(None, None, _rows_a_text(labels))
    axis.set_xticks(ticks[every], names[every], rotation=45, ha="right", rotation_mode="anchor", fontsize=9)
    axis.set_yticks(ticks[every], _counted(rows, tested)[every], fontsize=9)
    axis.set_xlabel("predicted class")
    axis.set_ylabel("true class")
    axis.tick_params(length=0)
    axis.spines[:].set_visible(False)
    figure.colorbar(image, ax=axis, label="share of the true class (%)", fraction=0.046, pad=0.02)
    if len(labels) <= _MOST_WRITTEN_CLASSES:
        axis.set_xticks(np.arange(len(labels) - 1) + 0.5, minor=True)
        axis.set_yticks(np.arange(len(labels) - 1) + 0.5, minor=True)
        axis.grid(which="minor", color="white", linewidth=1.5)
        axis.tick_params(which="minor", length=0)
        for (row, column), share in np.ndenumerate(100 * shares):
            if share >= 0.5:
                colour = "white" if share > 55 else "black"
                axis.text(column, row, f"{share:.0f}", ha="center", va="center", fontsize=8, color=colour)
    for row in np.flatnonzero(totals == 0):
        write_note(axis, row, "no test clip")


def _draw_class_scores(axis, rows):
    set_rows(axis, [shown(label) for label in rows["label"]], _rows_a_text(rows))
    axis.set_ylim(len(rows) - 0.5, -0.5)  # the same limits as the matrix
    for place, (metric, (colour, marker)) in enumerate(_CLASS_METRICS.items()):
        for number, (_, row) in enumerate(rows.iterrows()):
            value, low, high = (row[f"{metric}{end}"] for end in ("", "_low", "_high"))
            if np.isfinite(value):
                few = row["n_groups"] < FEWEST_GROUPS
                style = {"colour": UNDECIDED, "markerfacecolor": "white"} if few else {"colour": colour}
                y = number + 0.24 * (place - 1)
                draw_interval(axis, y, value, low, high, marker=marker, markersize=3.5, **style)
    for number, (_, row) in enumerate(rows.iterrows()):
        if not any(np.isfinite(row[metric]) for metric in _CLASS_METRICS):
            write_note(axis, number, "not scored")
        elif row["n_train"] == 0:
            write_note(axis, number, "no training clip")
    axis.set_xlim(-0.02, 1.02)
    axis.set_xlabel("mean of all runs, 95 % interval")
    axis.legend(
        handles=[point_handle(c, METRIC_TITLES[m], marker=k, markersize=3.5) for m, (c, k) in _CLASS_METRICS.items()],
        loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=3, frameon=False, fontsize=9, columnspacing=1.2,
    )  # fmt: skip
