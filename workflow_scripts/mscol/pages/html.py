"""The summary as HTML: a whole page, and parts for other pages."""

from mscol.pages.elements import code, document, escape, number, paragraph, table
from mscol.pages.layout import columns_with_figures, explain_published, split_columns, where_numbers_are
from mscol.pages.published import TITLE


def to_html(page):
    """Write a page as self-contained HTML."""
    parts = [
        "<h1>Results</h1>",
        notes(page),
        comparison(page),
        paragraph(f"{page.explanation} {where_numbers_are(page)}"),
        differences(page),
        published(page),
    ]
    return document("Results", "\n".join(filter(None, parts)))


def notes(page):
    """Return the notes at the top of a page."""
    return "\n".join(f'<p class="note">{escape(note)}</p>' for note in page.notes)


def comparison(page, level=2):
    """Return the tables of all models, split into parts that fit the width of a screen."""
    return "\n".join(
        _heading(part.title, level)
        + _in_parts(
            part,
            [(model, how, list(map(_value, cells))) for block in part.blocks for model, how, cells in block],
            [number(value, kind="chance") for value in part.chance],
        )
        for part in page.tables
    )


def differences(page, level=2):
    """Return the tables of differences between each model and the reference."""
    return "\n".join(
        _heading(
            f"Difference from {page.reference}"
            + (f": {part.title[0].lower()}{part.title[1:]}" if part.title else ""),
            level,
        )
        + _in_parts(
            part, [(model, how, list(map(_difference, cells))) for model, how, cells in part.differences]
        )
        for part in page.tables
        if part.differences
    )


def published(page, level=2):
    """Return a table of published figures of other systems; empty if no dataset and metric of the page has one."""
    if not page.published:
        return ""
    columns = columns_with_figures(page)
    rows = [
        (f"{escape(system)}<br><small>{escape(told)}</small>", [number(figures[n]) for n in columns])
        for system, told, figures in page.published
    ]
    heads = _heads(page.tables[0])
    shown = table(["system", *(heads[n] for n in columns)], rows, label=TITLE)
    return f"{_heading(TITLE, level)}{paragraph(explain_published(page))}{shown}"


def _heading(title, level):
    return f"<h{level}>{escape(title)}</h{level}>" if title else ""


def _in_parts(part, rows, chance=()):
    """Split a table into tables with fewer columns; rows are (model, how it was evaluated, cells)."""
    heads, written = _heads(part), []
    for columns in split_columns(part.columns):
        body = [(_model(model, how), [cells[n] for n in columns]) for model, how, cells in rows]
        foot = [("chance", [chance[n] for n in columns])] if chance else []
        names = ", ".join(dict.fromkeys(part.columns[n][0] for n in columns))
        written.append(table(["model", *(heads[n] for n in columns)], body, foot, label=names))
    return "\n".join(written)


def _heads(part):
    return [f"{escape(name)}<br>{escape(metric)}" for name, metric in part.columns]


def _model(name, how):
    return code(name) + (f"<br><small>{escape(how)}</small>" if how else "")


def _value(cell):
    small = "<br>".join(part for part in (cell.spread, cell.interval) if part)
    mark = {"higher": " ▲", "lower": " ▼", "": ""}[cell.mark]
    return number(f"{escape(cell.value)}{mark}", small, "best" if cell.best else "")


def _difference(told):
    """Return the cell of a difference with its interval below it, so that a table of many columns fits a page."""
    value, bracket, bounds = told.partition(" [")
    return number(value, bracket.strip() + bounds)
