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
<table><thead><tr><th>model</th>{heads}</tr></thead>
<tbody>
{body}
</tbody></table>
<p>{note}</p>
{differences}
{published}
</body>
</html>
"""


def to_html(page):
    """Write a page as HTML that needs no other file."""
    heads = [f"<th>{html.escape(name)}<br>{html.escape(metric)}</th>" for name, metric in page.columns]
    body = []
    for block in page.blocks:
        for model, how, cells in block:
            title = f"<code>{html.escape(model)}</code>" + (
                f"<br><small>{html.escape(how)}</small>" if how else ""
            )
            body.append(f"<tr><th>{title}</th>{''.join(map(_html_cell, cells))}</tr>")
    chance = "".join(f"<td>{value}</td>" for value in page.chance)
    body.append(f'<tr class="chance"><th>chance</th>{chance}</tr>')
    differences = ""
    if page.differences:
        rows = [
            (f"<code>{html.escape(model)}</code> <small>{html.escape(how)}</small>", map(_under, cells))
            for model, how, cells in page.differences
        ]
        differences = f"<h2>Minus {html.escape(page.reference)}</h2>{_table('model', heads, rows)}"
    published = ""
    if page.published:
        shown = columns_with_figures(page)
        rows = [
            (f"{html.escape(system)}<br><small>{html.escape(told)}</small>", [figures[n] for n in shown])
            for system, told, figures in page.published
        ]
        table = _table("system", [heads[n] for n in shown], rows)
        published = f"<h2>{TITLE}</h2><p>{html.escape(explain_published(page))}</p>{table}"
    return _HTML_PAGE.format(
        heads="".join(heads),
        notes="\n".join(f'<p class="note">{html.escape(note)}</p>' for note in page.notes),
        body="\n".join(body),
        note=html.escape(f"{page.explanation} {where_numbers_are(page)}"),
        differences=differences,
        published=published,
    )


def _table(corner, heads, rows):
    """A table of rows (title, cells) in HTML."""
    body = "".join(
        f"<tr><th>{title}</th>{''.join(f'<td>{cell}</td>' for cell in cells)}</tr>" for title, cells in rows
    )
    return f"<table><thead><tr><th>{corner}</th>{''.join(heads)}</tr></thead><tbody>{body}</tbody></table>"


def _under(difference):
    """A difference with its interval below it, so that a table of many columns fits a page."""
    value, bracket, bounds = difference.partition(" [")
    return value + (f"<br><small>[{bounds}</small>" if bracket else "")


def _html_cell(cell):
    value = html.escape(cell.value) + {"higher": " ▲", "lower": " ▼", "": ""}[cell.mark]
    small = " ".join(part for part in (cell.spread, cell.interval) if part)
    kind = ' class="best"' if cell.best else ""
    return f"<td{kind}>{value}" + (f"<br><small>{small}</small>" if small else "") + "</td>"
