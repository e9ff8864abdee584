"""Links between pages of this repository lead somewhere."""

import re
from pathlib import Path

import pytest

HOUSE = Path(__file__).parents[1]
PAGES = [*sorted(HOUSE.glob("*.md")), *sorted(HOUSE.glob("docs/*.md")), HOUSE / "config" / "README.md"]
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")


def anchors(page):
    """What the headings of a page are called in links, as GitHub makes it: one that comes again is numbered."""
    text = re.sub(r"^```.*?^```", "", page.read_text(), flags=re.MULTILINE | re.DOTALL)
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    names = [re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings]
    return {
        name + (f"-{names[:place].count(name)}" * (name in names[:place])) for place, name in enumerate(names)
    }


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(HOUSE)))
def test_links_lead_somewhere(page):
    for link in LINK.findall(page.read_text()):
        if "://" in link or link.startswith("mailto:"):
            continue
        name, _, anchor = link.partition("#")
        target = page.parent / name if name else page
        assert target.exists(), link
        assert not anchor or anchor in anchors(target), link
