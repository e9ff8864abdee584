"""Embed a figure of Matplotlib in a page."""

import re
from pathlib import Path

from mscol.pages.elements import escape

_IDS = re.compile(r'(\bid="|(?:xlink:)?href="#|url\(#)')


def inline_svg(path, prefix, described):
    """Read an SVG as an element of a page.

    Parameters
    ----------
    path : str or os.PathLike
    prefix : str
        Prefix of all ids in it, so that two figures in a page do not share ids.
    described : str
        Description for screen readers.

    Returns
    -------
    str
        HTML.
    """
    svg = Path(path).read_text(encoding="utf-8")
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg, flags=re.DOTALL)
    svg = _IDS.sub(lambda found: f"{found[1]}{prefix}-", svg)
    # The page sets the size; the SVG has a viewBox.
    svg = re.sub(r'^(<svg[^>]*?) width="[^"]*"', r"\1", svg)
    svg = re.sub(r'^(<svg[^>]*?) height="[^"]*"', r"\1", svg)
    return f'<figure tabindex="0">{svg.replace("<svg", f"""<svg role="img" aria-label="{escape(described)}" """, 1)}</figure>'
