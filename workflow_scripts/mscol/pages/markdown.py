"""The page of results as Markdown."""

from mscol.config.naming import heading
from mscol.pages.layout import columns_with_figures, explain_published, where_numbers_are
from mscol.pages.published import TITLE


def to_markdown(page):
    """Write a page as Markdown."""
    parts = ["# Results", *(f"> **{note}**" for note in page.notes)]
    for table in page.tables:
        rows = [
            [_model(model, how), *map(_markdown_cell, cells)]
            for block in table.blocks
            for model, how, cells in block
        ]
        parts += [f"## {table.title}"] * bool(table.title)
        parts.append(markdown_table("model", _titles(table), [*rows, ["chance", *table.chance]]))
    parts.append(f"How to read it: {page.explanation} {where_numbers_are(page)}")
    for table in page.tables:
        if table.differences:
            rows = [[_model(model, how), *cells] for model, how, cells in table.differences]
            of_what = f": {table.title[0].lower()}{table.title[1:]}" if table.title else ""
            parts += [f"## Minus {page.reference}{of_what}", markdown_table("model", _titles(table), rows)]
    if page.published:
        shown = columns_with_figures(page)
        titles = ["described in", *(_titles(page.tables[0])[n] for n in shown)]
        rows = [[system, told, *(figures[n] for n in shown)] for system, told, figures in page.published]
        parts += [f"## {TITLE}", explain_published(page), markdown_table("system", titles, rows)]
    return "\n\n".join(parts) + "\n"


def _titles(table):
    return [heading(*column) for column in table.columns]


def _model(name, how):
    return f"`{name}`" + (f" ({how})" if how else "")


def _markdown_cell(cell):
    value = f"**{cell.value}**" if cell.best else cell.value
    value += {"higher": " ▲", "lower": " ▼", "": ""}[cell.mark]
    return " ".join(part for part in (value, cell.spread, cell.interval) if part)


def markdown_table(corner, titles, rows):
    """Lay out a table: names in the first column, below ``corner``, and values in the others, as strings."""
    lines = [[corner, *titles], ["---", *["---:"] * len(titles)], *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
