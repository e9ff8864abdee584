"""The page of results as HTML."""

import html

from mscol.pages.layout import columns_with_figures, explain_published, where_numbers_are
from mscol.pages.published import TITLE

_HTML_PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>Results</title>
<style>
body {{ font: 15px/1.5 system-ui, sans-serif; margin: 2em; color: #222; }}
table {{ border-collapse: collapse; margin: 1em 0; }}
th, td {{ padding: .35em .5em; text-align: right; border-bottom: 1px solid #ddd; vertical-align: top; }}
thead th {{ border-bottom: 2px solid #222; }}
th:first-child {{ text-align: left; font-weight: normal; }}
small {{ color: #666; white-space: nowrap; }}
.best {{ font-weight: bold; }}
.chance {{ color: #666; }}
p {{ max-width: 60em; }}
.note {{ border-left: .4em solid #E69F00; padding: .3em .8em; background: #fdf6e3; }}
</style>
</head>
<body>
<h1>Results</h1>
{notes}
{tables}
<p>{note}</p>
{differences}
{published}
</body>
</html>
"""


def to_html(page):
    """Write a page as HTML that needs no other file."""
    tables, differences = [], []
    for table in page.tables:
        title = html.escape(table.title)
        rows = [
            (_model(model, how), map(_html_cell, cells))
            for block in table.blocks
            for model, how, cells in block
        ]
        chance = ("chance", (f'<td class="chance">{value}</td>' for value in table.chance))
        tables.append(
            (f"<h2>{title}</h2>" if title else "") + _table("model", _heads(table), [*rows, chance])
        )
        if table.differences:
            rows = [(_model(model, how), map(_under, cells)) for model, how, cells in table.differences]
            of_what = f": {title[0].lower()}{title[1:]}" if title else ""
            shown = _table("model", _heads(table), rows)
            differences.append(f"<h2>Minus {html.escape(page.reference)}{of_what}</h2>{shown}")
    published = ""
    if page.published:
        numbers = columns_with_figures(page)
        rows = [
            (
                f"{html.escape(system)}<br><small>{html.escape(told)}</small>",
                [f"<td>{figures[n]}</td>" for n in numbers],
            )
            for system, told, figures in page.published
        ]
        heads = _heads(page.tables[0])
        table = _table("system", [heads[n] for n in numbers], rows)
        published = f"<h2>{TITLE}</h2><p>{html.escape(explain_published(page))}</p>{table}"
    return _HTML_PAGE.format(
        notes="\n".join(f'<p class="note">{html.escape(note)}</p>' for note in page.notes),
        tables="\n".join(tables),
        note=html.escape(f"{page.explanation} {where_numbers_are(page)}"),
        differences="\n".join(differences),
        published=published,
    )


def _heads(table):
    return [f"<th>{html.escape(name)}<br>{html.escape(metric)}</th>" for name, metric in table.columns]


def _model(name, how):
    return f"<code>{html.escape(name)}</code>" + (f"<br><small>{html.escape(how)}</small>" if how else "")


def _table(corner, heads, rows):
    """A table of rows (title, cells) in HTML."""
    body = "\n".join(f"<tr><th>{title}</th>{''.join(cells)}</tr>" for title, cells in rows)
    return (
        f"<table><thead><tr><th>{corner}</th>{''.join(heads)}</tr></thead>\n<tbody>\n{body}\n</tbody></table>"
    )


def _under(difference):
    """A difference with its interval below it, so that a table of many columns fits a page."""
    value, bracket, bounds = difference.partition(" [")
    return f"<td>{value}" + (f"<br><small>[{bounds}</small>" if bracket else "") + "</td>"


def _html_cell(cell):
    value = html.escape(cell.value) + {"higher": " ▲", "lower": " ▼", "": ""}[cell.mark]
    small = " ".join(part for part in (cell.spread, cell.interval) if part)
    kind = ' class="best"' if cell.best else ""
    return f"<td{kind}>{value}" + (f"<br><small>{small}</small>" if small else "") + "</td>"
