"""The documentation: its pages make a site without a broken link, and the reference of the config is up to date."""

import os
import re
import runpy
import subprocess
import sys
from pathlib import Path

import pytest

WORKFLOW = Path(__file__).parents[1]


def test_reference_of_the_config_is_up_to_date():
    generator = runpy.run_path(str(WORKFLOW / "docs" / "write_reference.py"))
    written = (WORKFLOW / "docs" / "reference.md").read_text(encoding="utf-8")
    assert written == generator["reference"](), "run `make docs/reference.md`"


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", folder]
    done = subprocess.run(
        command, cwd=WORKFLOW, env=os.environ | {"NO_MKDOCS_2_WARNING": "1"}, capture_output=True, text=True
    )
    assert [line for line in done.stderr.splitlines() if line.startswith("WARNING")] == []
    assert done.returncode == 0, done.stderr
    return folder


def test_every_page_is_in_the_site(site):
    pages = {path.stem for path in WORKFLOW.glob("docs/*.md")} | {"changes", "contributing"}
    assert pages <= {path.stem for path in site.glob("*.html")}


def test_links_to_other_files_of_the_repository_stay_links(site):
    assert '<a href="../config.yaml">config.yaml</a>' in (site / "reference.html").read_text(encoding="utf-8")


def test_pages_load_nothing_from_elsewhere(site):
    for page in site.glob("*.html"):
        loaded = re.findall(
            r"<(?:script|img|iframe|link)\b[^>]*?(?:src|href)=\"([^\"]+)", page.read_text(encoding="utf-8")
        )
        assert loaded and [address for address in loaded if "//" in address] == []


def test_search_works_in_pages_that_are_opened_as_files(site, chrome):
    chrome.get((site / "index.html").as_uri())
    box = chrome.find_element("css selector", "input.md-search__input")
    box.click()
    box.send_keys("checkpoint_minutes")
    waiting = pytest.importorskip("selenium.webdriver.support.ui").WebDriverWait(chrome, 20)
    found = waiting.until(lambda _: chrome.find_elements("css selector", ".md-search-result__link"))
    assert "reference.html" in found[0].get_attribute("href")
