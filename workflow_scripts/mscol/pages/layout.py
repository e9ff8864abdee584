"""Arrange the page of results for Markdown, LaTeX and HTML: models as rows, metrics as columns."""

import itertools
from dataclasses import dataclass

import numpy as np

from mscol.config.naming import banner, dataset_title, protocol_title
from mscol.pages.published import PUBLISHED, about_published
from mscol.pages.reading import how_to_read
from mscol.tables.measured import LOWER_IS_BETTER, METRIC_TITLES
from mscol.tables.queries import QUERY_METRICS

MISSING = "–"
_MOST_COLUMNS = 9  # that fit a page 1,280 pixels wide, next to the column of models


@dataclass(frozen=True)
class Cell:
    """One cell of a table.

    Attributes
    ----------
    value : str
    interval : str
        Empty if there is none.
    spread : str
        Standard deviation over seeds, or over the heads of one seed; empty for a single run.
    best : bool
        Whether no other row of its block is better.
    mark : str
        ``higher`` or ``lower`` if significantly different from the reference model, else empty.
    """

    value: str
    interval: str = ""
    spread: str = ""
    best: bool = False
    mark: str = ""


@dataclass(frozen=True)
class Table:
    """Models as rows, metrics as columns.

    Attributes
    ----------
    title : str
        Empty for the first table of a page.
    columns : list of tuple
        Dataset with its test list, and metric.
    blocks : list of list of tuple
        For each protocol and share of labels: rows (model, how it was evaluated, cells).
    chance : list of str
        Chance level of each column.
    differences : list of tuple
        Rows (model, how it was evaluated, cells): each model minus the reference.
    """

    title: str
    columns: list
    blocks: list
    chance: list
    differences: list


@dataclass(frozen=True)
class Page:
    """The contents of a summary, in order.

    Attributes
    ----------
    tables : list of Table
        Protocols that learn labels, then retrieval, then artist similarity. Each table has its own metrics.
    published : list of tuple
        Rows (system, reference, cells) of other systems, with the columns of the first table; empty if no system has a figure.
    reference : str
        The model that others were compared with; empty if there was none.
    explanation : str
        How to read the tables.
    notes : list of str
        Notes at the top, such as that music is synthesised, or that a separator was not trained on real music.
    """

    tables: list
    published: list
    reference: str
    explanation: str
    notes: list


def lay_out(rows, layouts, synthesised=(), notes=(), search=None):
    """Arrange a summary as a page.

    Parameters
    ----------
    rows : pd.DataFrame
        As in the csv that `summarise_results` writes.
    layouts : dict
        The layout of each dataset.
    synthesised : collection of str
        The datasets that this workflow made. They are marked as synthesised and not compared with published figures.
    notes : sequence of str
        Further notes at the top.
    search : dict, optional
        The values from which settings of heads were chosen (the config's evaluation/search).

    Returns
    -------
    Page
    """
    rows = rows.assign(
        column=[_column(row, synthesised) for row in rows.itertuples()],
        how=[_how(row) for row in rows.itertuples()],
        table=rows["protocol"].where(rows["protocol"].isin(list(QUERY_METRICS)), ""),
    )
    parts = {name: rows[rows["table"] == name] for name in _TITLES}
    tables = [_table(_TITLES[name], part) for name, part in parts.items() if len(part)]
    references = rows["reference"].dropna().unique()
    real = {name: layout for name, layout in layouts.items() if name not in synthesised}
    return Page(
        tables=tables,
        published=_published(parts[""], tables[0].columns, real),
        reference=references[0] if len(references) else "",
        explanation=how_to_read(rows, search),
        notes=[*filter(None, [banner(name for name in rows["dataset"] if name in synthesised)]), *notes],
    )


_TITLES = {
    "": "",
    "retrieval": "Retrieval, without training",
    "artists": "Artist similarity, without training",
}


def _table(title, rows):
    columns = list(dict.fromkeys(rows["column"]))
    blocks = []
    for _, block in rows.groupby(["protocol", "label_fraction"], sort=False):
        best = {}
        if block["model"].nunique() > 1:
            of_columns = block.groupby("column")
            lower = of_columns["metric"].first().isin(LOWER_IS_BETTER)
            best = of_columns["value"].min().where(lower, of_columns["value"].max())
        cells = {(row.model, row.column): _cell(row, best.get(row.column)) for row in block.itertuples()}
        how = block["how"].iloc[0]
        blocks.append(
            [
                (model, how, [cells.get((model, column), Cell(MISSING)) for column in columns])
                for model in dict.fromkeys(block["model"])
            ]
        )
    chances = rows.groupby("column")["chance"].first()
    return Table(
        title, columns, blocks, [f"{chances[column]:.3f}" for column in columns], _differences(rows, columns)
    )


def where_numbers_are(page):
    """Name the files with the numbers of a page."""
    differences = ", all differences in results/comparisons.csv" if page.reference else ""
    return f"All results are in results/summary.csv{differences}. Tags and classes are in results/per_class/."


def explain_published(page):
    """Explain the published figures of a page."""
    return about_published([system for system, _, _ in page.published])


def columns_with_figures(page):
    """Return the indices of the columns for which another system has published a figure."""
    return [
        number
        for number in range(len(page.tables[0].columns))
        if any(figures[number] != MISSING for _, _, figures in page.published)
    ]


def split_columns(columns, most=_MOST_COLUMNS):
    """Split column indices into tables that fit a page. Columns of a dataset stay together if they fit one table.

    >>> split_columns([("mtat", "a"), ("mtat", "b"), ("fma", "a"), ("fma", "b")], most=3)
    [[0, 1], [2, 3]]
    """
    parts = [[]]
    for _, group in itertools.groupby(range(len(columns)), key=lambda number: columns[number][0]):
        group = list(group)
        if parts[-1] and len(parts[-1]) + len(group) > most:
            parts.append([])
        for number in group:
            if len(parts[-1]) == most:
                parts.append([])
            parts[-1].append(number)
    return parts


def _cell(row, best):
    if np.isnan(row.value):
        return Cell(MISSING)
    return Cell(
        value=f"{row.value:.3f}",
        interval="" if np.isnan(row.low) else f"[{row.low:.3f}, {row.high:.3f}]",
        spread="" if np.isnan(row.seed_std) else f"± {row.seed_std:.3f}",
        best=best is not None and f"{row.value:.3f}" == f"{best:.3f}",
        mark=row.mark if isinstance(row.mark, str) else "",
    )


def _differences(rows, columns):
    """Return rows with the difference of each model from the reference, with intervals."""
    compared = rows.dropna(subset="reference")
    table = []
    for (_, _, model), part in compared.groupby(["protocol", "label_fraction", "model"], sort=False):
        cells = {row.column: _difference(row) for row in part.itertuples()}
        table.append((model, part["how"].iloc[0], [cells.get(column, MISSING) for column in columns]))
    return table


def _difference(row):
    if np.isnan(row.difference):
        return MISSING
    bounds = (
        "" if np.isnan(row.difference_low) else f" [{row.difference_low:+.3f}, {row.difference_high:+.3f}]"
    )
    return f"{row.difference:+.3f}{bounds}"


def _column(row, synthesised):
    title = dataset_title(row.dataset, synthesised)
    if row.test_list != "all":
        title += f"{',' if row.dataset in synthesised else ''} {row.test_list}"
    return title, METRIC_TITLES[row.metric] + (" ↓" if row.metric in LOWER_IS_BETTER else "")


def _how(row):
    """Describe how a model was evaluated; empty for the default, frozen with all labels."""
    how = [] if row.protocol in ("frozen", *QUERY_METRICS) else [protocol_title(row.protocol)]
    return ", ".join(how + ([] if row.label_fraction == 1 else [f"{row.label_fraction:g} of the labels"]))


def _published(rows, columns, layouts):
    """Return rows of published figures, in the first column with the layout and metric of each figure."""
    firsts = {row.column: row for row in rows[::-1].itertuples()}
    places = {}
    for column in columns:
        row = firsts[column]
        if row.dataset in layouts:
            places.setdefault((layouts[row.dataset], row.metric), column)
    rows = []
    for system, reference, figures, _ in PUBLISHED:
        known = {places[key]: value for key, value in figures.items() if key in places}
        if known:
            rows.append((system, reference, [f"{known[c]:.3f}" if c in known else MISSING for c in columns]))
    return rows
