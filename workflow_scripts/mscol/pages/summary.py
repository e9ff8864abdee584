"""The summary over all tables of results: as csv, and as pages to read and to print."""

import logging
from pathlib import Path

from mscol.io.atomic import atomic_path
from mscol.io.files import write_csv
from mscol.pages.html import to_html
from mscol.pages.latex import to_latex
from mscol.pages.layout import lay_out
from mscol.pages.markdown import to_markdown
from mscol.tables.summary import summary_rows

PAGES = {".md": to_markdown, ".tex": to_latex, ".html": to_html}


def summarise_results(
    tables, per_class, comparisons, layouts, summary, pages, synthesised=(), notes=(), search=None
):
    """Write the summary over many tables of results.

    Parameters
    ----------
    tables, per_class, comparisons
        As for `mscol.tables.summary.summary_rows`.
    layouts : dict
        The layout of each dataset; with those of known layouts, published figures of other systems are shown.
    summary : str or os.PathLike
        Written: csv, the rows.
    pages : sequence of (str or os.PathLike)
        Written: the same with models as rows and datasets' metrics as columns, as ``.md``, ``.tex`` or
        ``.html``.
    synthesised, notes, search
        As for `mscol.pages.layout.lay_out`; the csv has a column for the former.
    """
    rows = summary_rows(tables, per_class, comparisons)
    rows["synthesised"] = rows["dataset"].isin(synthesised).astype(int)
    write_csv(rows, summary)
    page = lay_out(rows, layouts, synthesised, notes, search)
    for path in map(Path, pages):
        with atomic_path(path) as partial:
            partial.write_text(PAGES[path.suffix](page), encoding="utf-8")
    logging.info("Summarised %d tables.", len(tables))
