"""Write the HTML page of a run."""

import logging
import re
from pathlib import Path

from mscol.io.atomic import atomic_path
from mscol.io.files import read_csv, read_results
from mscol.overview.costs import costs
from mscol.overview.curves import inline_svg
from mscol.overview.explore import explore
from mscol.overview.models import learned
from mscol.overview.sounds import mixture_and_stems
from mscol.pages import html
from mscol.pages.elements import document, escape, folded, paragraph, section, table, text
from mscol.pages.layout import lay_out, where_numbers_are

_MOST_ROWS = 200  # in a table of rejected clips


def write_page(out, summary, layout, pretraining, views, rejected, shortened, timings):
    """Write the HTML page of a run.

    Parameters
    ----------
    out : str or os.PathLike
        Output path: one self-contained HTML file.
    summary : str or os.PathLike
        The summary's csv.
    layout : dict
        Further arguments of `mscol.pages.layout.lay_out`.
    pretraining : dict
        made, histories, comparisons, cards (`mscol.overview.models`); curves, pictures, sounds: files, or None.
    views : list of mscol.overview.explore.View
    rejected, shortened : str or os.PathLike
        Tables of clips.
    timings : str or os.PathLike
        Folder of the timings.
    """
    rows = read_results(summary)
    rows["untaught"] = rows["untaught"].fillna("")
    page = lay_out(rows, **layout)
    synthesised = layout["synthesised"]
    maps, classes, data = explore(views, synthesised)
    parts = [
        section("comparison", "All models on all tasks", html.comparison(page, 3), _reading(page)),
        learned(
            **{key: pretraining[key] for key in ("made", "histories", "comparisons", "cards")},
            reference=page.reference,
        ),
        _sounds(pretraining),
        maps,
        classes,
        _curves(pretraining["curves"]),
        _left_out(rejected, shortened),
        costs(timings, list(pretraining["made"])),
    ]
    main = "\n".join(filter(None, parts))
    body = f"<h1>Results</h1>\n{html.notes(page)}\n{_contents(main)}\n<main>\n{main}\n</main>"
    with atomic_path(out) as partial:
        partial.write_text(document("Results", body, data), encoding="utf-8")
        size = partial.stat().st_size
    logging.info("Wrote %s, %.1f MB.", out, size / 1e6)


def _reading(page):
    """Return the folded parts: how to read the tables, differences, and published figures."""
    return "\n".join(
        [
            folded("How to read it", paragraph(f"{page.explanation} {where_numbers_are(page)}")),
            folded(f"Differences from {page.reference}", html.differences(page, 3)),
            folded("Published figures of other systems", html.published(page, 3)),
        ]
    )


def _sounds(pretraining):
    pictures = pretraining["pictures"]
    return mixture_and_stems(pictures, pretraining["sounds"], pretraining["synthesised"]) if pictures else ""


def _curves(path):
    if not path:
        return ""
    told = (
        "Thick lines show validation clips, thin lines training clips (means over seeds). Dotted lines show chance: the logarithm of the number of pairs in a "
        "minibatch for the loss, one divided by that number for the accuracy."
    )
    figure = inline_svg(
        path,
        "curves",
        "Loss and accuracy of each pretrained model against the number of pairs seen, with chance levels",
    )
    return section("pretraining", "Pretraining curves", figure, paragraph(told))


def _left_out(rejected, shortened):
    """Return the tables of clips that could not be used, and of those that are shorter than listed."""
    return section(
        "left-out",
        "Rejected and shortened clips",
        _clips(rejected, ["dataset", "stage", "reason"], "Rejected", "Every clip could be used."),
        _clips(
            shortened,
            ["dataset", "listed", "decoded", "reason"],
            "Used, but shorter than listed",
            "No clip is shorter than listed.",
        ),
    )


def _clips(path, columns, title, none):
    rows = read_csv(path)
    if not len(rows):
        return paragraph(none)
    shown = [
        (escape(row["id"]), [text(escape(row[name])) for name in columns])
        for _, row in rows.head(_MOST_ROWS).iterrows()
    ]
    more = (
        f"{len(rows) - len(shown):,} more are in results/{Path(path).name}." if len(rows) > len(shown) else ""
    )
    return (
        f"<h3>{escape(title)}: {len(rows):,}</h3>"
        + table(["clip", *columns], shown, label=title, tall=len(shown) > 10)
        + paragraph(more)
    )


def _contents(body):
    """Return links to the sections of a page."""
    found = re.findall(r'<section id="([^"]+)".*?<h2[^>]*>(.*?)</h2>', body, flags=re.DOTALL)
    links = "".join(f'<li><a href="#{anchor}">{title}</a></li>' for anchor, title in found)
    return f'<nav aria-label="Parts of this page"><ul>{links}</ul></nav>'
