"""What `make docs` adds to MkDocs: pages from the top of the repository, and links to its other files."""

import logging
import re
from pathlib import Path

from mkdocs.structure.files import File

WORKFLOW = Path(__file__).parents[1]
PAGES = {"CHANGELOG.md": "changes.md", "CONTRIBUTING.md": "contributing.md"}
LOG = logging.getLogger("mkdocs.hooks")
# GitHub takes these for lists and tables, Python-Markdown does not.
MISREAD = {
    "indent a list in a list by four spaces": r"^ {1,3}(?:[-*]|\d+\.) .*",
    "put an empty line before a list or a table": r"^[^\s|>#<-].*\n(?:[-*]|1\.|\|) .*",
}


def on_files(files, config):
    """Add pages for files that lie at the top."""
    for name, page in PAGES.items():
        text = (WORKFLOW / name).read_text(encoding="utf-8")
        text = re.sub(r"\]\((?!\w+:|#|docs/)", "](../", text).replace("](docs/", "](")
        files.append(File.generated(config, page, content=text))
    return files


def on_page_markdown(markdown, page, config, files):
    """Warn of what looks different on GitHub, and link files outside docs/ to the repository."""
    name = page.file.src_uri
    text = re.sub(r"^```.*?^```", "", markdown, flags=re.MULTILINE | re.DOTALL)
    for advice, pattern in MISREAD.items():
        for found in re.findall(pattern, text, re.MULTILINE):
            LOG.warning("%s: %s: %r", name, advice, found)

    def outside(link):
        path, hash_sign, anchor = link[2].partition("#")
        if path in PAGES:
            return f"[{link[1]}]({PAGES[path]}{hash_sign}{anchor})"
        if not (WORKFLOW / path).exists():
            LOG.warning("%s links to %s, which does not exist", name, path)
        base = f"{config.repo_url.rstrip('/')}/blob/HEAD" if config.repo_url else ".."
        return f'<a href="{base}/{link[2]}">{link[1]}</a>'

    return re.sub(r"\[([^\]]*)\]\(\.\./([^)\s]+)\)", outside, markdown)
