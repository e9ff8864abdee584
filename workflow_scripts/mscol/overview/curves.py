"""A figure of Matplotlib within a page."""

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
        Of all ids in it: those of two figures would be taken for each other.
    described : str
        What it shows, for those who do not see it.

    Returns
    -------
    str
        HTML.
    """
    svg = Path(path).read_text(encoding="utf-8")
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg, flags=re.DOTALL)
    svg = _IDS.sub(lambda found: f"{found[1]}{prefix}-", svg)
    # Its size is the page's affair: there is a viewBox.
    svg = re.sub(r'^(<svg[^>]*?) width="[^"]*"', r"\1", svg)
    svg = re.sub(r'^(<svg[^>]*?) height="[^"]*"', r"\1", svg)
    return f'<figure tabindex="0">{svg.replace("<svg", f"""<svg role="img" aria-label="{escape(described)}" """, 1)}</figure>'
