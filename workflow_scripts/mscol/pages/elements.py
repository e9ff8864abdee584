"""Elements of HTML pages. Texts from users are escaped here."""

import html
import itertools
import json
from pathlib import Path

_TEXT = '<td class="text">'
ASSETS = tuple(Path(__file__).with_name(name) for name in ("page.css", "page.js"))

_DOCUMENT = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1" />
<title>{title}</title>
<style>
{style}</style>
</head>
<body>
{body}
</body>
</html>
"""


def document(title, body, data=None):
    """Return a self-contained HTML page.

    Parameters
    ----------
    title : str
    body : str
        HTML.
    data : object, optional
        Data for the page's script, stored as JSON in an element ``data``. Without data the page has no script.

    Returns
    -------
    str
    """
    style, script = (path.read_text(encoding="utf-8") for path in ASSETS)
    if data is not None:
        body += f'\n<script type="application/json" id="data">{to_json(data)}</script>\n<script>\n{script}</script>'
    return _DOCUMENT.format(title=escape(title), style=style, body=body)


def to_json(value):
    """Return JSON in which no text can close the surrounding HTML element.

    >>> to_json({"name": "</script>"})
    '{"name":"\\\\u003c/script>"}'
    """
    return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":")).replace(
        "<", r"\u003c"
    )


def escape(text):
    """Escape a text for HTML, also within an attribute."""
    return html.escape(str(text))


def code(name):
    """Return the name of a model as HTML that may break after each ``_``."""
    return f"<code>{escape(name).replace('_', '_<wbr />')}</code>"


def number(text, small="", kind=""):
    """Return a table cell with a number, and HTML in small letters below it."""
    named = f' class="{kind}"' if kind else ""
    return f"<td{named}>{text}" + (f"<br><small>{small}</small>" if small else "") + "</td>"


def text(content):
    """Return a table cell with text (HTML)."""
    return f"{_TEXT}{content}</td>"


def table(heads, rows, foot=(), label="", tall=False):
    """Return a table that readers can sort by its columns.

    Parameters
    ----------
    heads : list of str
        HTML; the first is the head of the column of row titles.
    rows, foot : iterable of (str, iterable of str)
        The title of a row and its cells (`number`, `text`): HTML. Sorting does not move the foot.
    label : str
        Name of the table for screen readers.
    tall : bool
        Whether the table scrolls within a part of the page.

    Returns
    -------
    str
    """
    named = f' aria-label="{escape(label)}"' if label else ""
    rows = [(title, list(cells)) for title, cells in rows]
    of_text = [
        True,
        *(all(map(_is_text, column)) for column in zip(*(cells for _, cells in rows), strict=True)),
    ]
    kinds = [' class="text"' if is_text else "" for is_text in of_text[: len(heads)]] or [""]
    head = "".join(
        f'<th scope="col"{kind}>{name}</th>'
        for name, kind in itertools.zip_longest(heads, kinds, fillvalue="")
    )
    parts = [f"<thead><tr>{head}</tr></thead>", f"<tbody>\n{_rows(rows)}\n</tbody>"]
    if foot:
        parts.append(f"<tfoot>{_rows(foot)}</tfoot>")
    kind = "scroll tall" if tall else "scroll"
    return f'<div class="{kind}" tabindex="0" role="region"{named}><table class="sortable"{named}>{"".join(parts)}</table></div>'


def _is_text(cell):
    return cell.startswith(_TEXT)


def _rows(rows):
    return "\n".join(f'<tr><th scope="row">{title}</th>{"".join(cells)}</tr>' for title, cells in rows)


def section(anchor, title, *parts):
    """Return a section of a page with its heading; empty if it has no content."""
    content = "\n".join(filter(None, parts))
    return (
        f'<section id="{anchor}" aria-labelledby="{anchor}-title">\n<h2 id="{anchor}-title">{escape(title)}</h2>\n{content}\n</section>'
        if content
        else ""
    )


def paragraph(content):
    """Return a paragraph of plain text."""
    return f"<p>{escape(content)}</p>" if content else ""


def folded(title, content, is_open=False):
    """Return content that readers can fold and unfold."""
    opened = ' open="open"' if is_open else ""
    return f"<details{opened}><summary>{escape(title)}</summary>\n{content}\n</details>" if content else ""
