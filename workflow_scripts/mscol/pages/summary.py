"""Write the summary of all tables of results: as csv, and as pages to read and print."""

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
    """Write the summary of many tables of results.

    Parameters
    ----------
    tables, per_class, comparisons
        As for `mscol.tables.summary.summary_rows`.
    layouts : dict
        The layout of each dataset. Datasets of known layouts are shown with published figures of other systems.
    summary : str or os.PathLike
        Output path: csv of the rows.
    pages : sequence of (str or os.PathLike)
        Output paths: the same with models as rows and the metrics of datasets as columns, as ``.md``, ``.tex`` or
        ``.html``.
    synthesised, notes, search
        As for `mscol.pages.layout.lay_out`; the csv has a column ``synthesised``.
    """
    rows = summary_rows(tables, per_class, comparisons)
    rows["synthesised"] = rows["dataset"].isin(synthesised).astype(int)
    write_csv(rows, summary)
    page = lay_out(rows, layouts, synthesised, notes, search)
    for path in map(Path, pages):
        with atomic_path(path) as partial:
            partial.write_text(PAGES[path.suffix](page), encoding="utf-8")
    logging.info("Summarised %d tables.", len(tables))
