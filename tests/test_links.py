"""Links lead somewhere on GitHub: those of pages outside docs/, and links from docs/ to them (`make docs` checks the others)."""

import re
from pathlib import Path

import pytest

WORKFLOW = Path(__file__).parents[1]
DOCS = WORKFLOW / "docs"
OUTSIDE = [*sorted(WORKFLOW.glob("*.md")), WORKFLOW / "config" / "README.md"]
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")


def anchors(page):
    """What the headings of a page are called in links, as GitHub makes it: one that comes again is numbered."""
    text = re.sub(r"^```.*?^```", "", page.read_text(), flags=re.MULTILINE | re.DOTALL)
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    names = [re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings]
    numbered = [
        name + f"-{names[:place].count(name)}" * (name in names[:place]) for place, name in enumerate(names)
    ]
    return {*numbered, *re.findall(r'<a id="([^"]+)">', text)}


@pytest.mark.parametrize(
    "page", [*OUTSIDE, *sorted(DOCS.glob("*.md"))], ids=lambda page: str(page.relative_to(WORKFLOW))
)
def test_links_lead_somewhere(page):
    for link in LINK.findall(page.read_text()):
        name, _, anchor = link.partition("#")
        target = page.parent / name if name else page
        if (
            "://" in link
            or link.startswith("mailto:")
            or (DOCS in page.parents and not name.startswith("../"))
        ):
            continue
        assert target.exists(), link
        assert not anchor or anchor in anchors(target), link
