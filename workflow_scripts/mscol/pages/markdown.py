"""The page of results as Markdown."""

from mscol.config.naming import heading
from mscol.pages.layout import columns_with_figures, explain_published, where_numbers_are
from mscol.pages.published import TITLE


def to_markdown(page):
    """Write a page as Markdown."""
    titles = [heading(*column) for column in page.columns]
    table = [["model", *titles], ["---", *["---:"] * len(titles)]]
    for model, how, cells in (line for block in page.blocks for line in block):
        table.append([f"`{model}`" + (f" ({how})" if how else ""), *map(_markdown_cell, cells)])
    table.append(["chance", *page.chance])
    parts = [
        "# Results",
        *(f"> **{note}**" for note in page.notes),
        _markdown_table(table),
        f"How to read it: {page.explanation} {where_numbers_are(page)}",
    ]
    if page.differences:
        rows = [["model", *titles], ["---", *["---:"] * len(titles)]]
        rows += [
            [f"`{model}`" + (f" ({how})" if how else ""), *cells] for model, how, cells in page.differences
        ]
        parts += [f"## Minus {page.reference}", _markdown_table(rows)]
    if page.published:
        shown = columns_with_figures(page)
        rows = [
            ["system", "described in", *(titles[n] for n in shown)],
            ["---", "---", *["---:"] * len(shown)],
        ]
        rows += [[system, told, *(figures[n] for n in shown)] for system, told, figures in page.published]
        parts += [f"## {TITLE}", explain_published(page), _markdown_table(rows)]
    return "\n\n".join(parts) + "\n"


def _markdown_cell(cell):
    value = f"**{cell.value}**" if cell.best else cell.value
    value += {"higher": " ▲", "lower": " ▼", "": ""}[cell.mark]
    return " ".join(part for part in (value, cell.spread, cell.interval) if part)


def _markdown_table(rows):
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)
