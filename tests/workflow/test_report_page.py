"""The report of a finished run, clicked through in a browser as a reader would."""

import re
import zipfile

import pytest
import yaml
from running import run

selenium = pytest.importorskip("selenium")
from selenium.common.exceptions import (  # noqa: E402
    ElementClickInterceptedException,
    StaleElementReferenceException,
)
from selenium.webdriver.common.by import By  # noqa: E402
from selenium.webdriver.support.ui import WebDriverWait  # noqa: E402

SECONDS = 20  # to wait for what a click brings


@pytest.fixture(scope="module")
def page(workflow, finished, tmp_path_factory):
    """The report, made of a finished run and unpacked."""
    folder = tmp_path_factory.mktemp("report")
    run(workflow, finished, "--report", str(folder / "report.zip"))
    with zipfile.ZipFile(folder / "report.zip") as archive:
        archive.extractall(folder)
    return folder / "report" / "report.html"


@pytest.fixture
def browser(chrome, page):
    """The report's first page, opened afresh; what the browser complains of fails the test."""
    chrome.get("about:blank")  # from the page itself there would be nothing to load
    chrome.get(page.as_uri())
    _wait(chrome, lambda: _entries(chrome, "//nav//li"))
    yield chrome
    assert [entry for entry in chrome.get_log("browser") if entry["level"] == "SEVERE"] == []


def _wait(browser, condition):
    return WebDriverWait(browser, SECONDS).until(lambda _: condition())


def _entries(browser, path):
    return browser.find_elements(By.XPATH, path)


def _click(browser, find):
    """Click what a function finds, as soon as it holds still: the page's style moves things while it loads."""

    def clicked():
        find().click()
        return True

    moving = (ElementClickInterceptedException, StaleElementReferenceException, IndexError)
    WebDriverWait(browser, SECONDS, ignored_exceptions=moving).until(lambda _: clicked())


def _open(browser, *names):
    """Click the entries of the menu with these names, one after another."""
    for name in names:
        path = f"//nav//li/a[span[text()='{name}']]"
        _click(browser, lambda path=path: _entries(browser, path)[0])


def _rows(browser):
    return _wait(browser, lambda: _entries(browser, "//nav//tbody/tr"))


def _button(browser, row, place):
    """The eye (0) or the "i" (1) in one row."""
    return _rows(browser)[row].find_elements(By.TAG_NAME, "a")[place]


def _row_of(browser, text):
    return next(number for number, row in enumerate(_rows(browser)) if text in " ".join(row.text.split()))


def _structure(browser):
    """Category -> subcategory -> paths of results, as the page has it."""
    return browser.execute_script("return categories")


def _results(browser):
    return browser.execute_script("return results")


def _picture(browser):
    """The picture on show, once it is loaded."""
    script = "const i = document.querySelector('#app img:not(nav img)'); return i && i.complete ? i.naturalWidth : 0"
    _wait(browser, lambda: browser.execute_script(script) > 0)
    return browser.find_element(By.CSS_SELECTOR, "#app .overflow-auto.grow img")


def test_first_page_says_what_the_run_did_and_draws_its_rules(browser, finished):
    config = yaml.safe_load((finished / "results" / "config.yaml").read_text())
    printed = browser.find_element(By.CLASS_NAME, "prose").text
    assert "multi-source contrastive learning" in printed
    assert all(model in printed for model in config["models"])
    assert f"{config['pretraining']['batch_size']} pairs" in printed and "{{" not in printed
    graph = _wait(
        browser,
        lambda: _entries(browser, "//*[@id='rulegraph']//canvas | //*[@id='rulegraph']//*[name()='svg']"),
    )
    assert graph[0].size["width"] > 200 and graph[0].size["height"] > 200


def test_page_to_start_from_is_the_first_entry(browser):
    menu = _wait(browser, lambda: [entry.text for entry in _entries(browser, "//nav//li/a") if entry.text])
    assert next(name for name in menu if name in _structure(browser)) == "All results on a page"
    _open(browser, "All results on a page")
    _click(browser, lambda: _button(browser, 0, 0))
    browser.switch_to.frame(_wait(browser, lambda: _entries(browser, "//iframe"))[0])
    assert _wait(browser, lambda: _entries(browser, "//section[@id='maps']//*[name()='path']"))
    browser.switch_to.default_content()


def test_every_category_and_subcategory_opens(browser):
    structure = _structure(browser)
    assert {"Comparison", "Pretraining", "Tags and classes"} <= set(structure)
    for category, parts in structure.items():
        for part in parts:
            browser.refresh()
            _open(browser, category, *([part] if len(parts) > 1 else []))
            assert _rows(browser)


def test_every_picture_is_shown_whole(browser):
    shown = set()
    for category, parts in _structure(browser).items():
        for part in parts:
            browser.refresh()
            _open(browser, category, *([part] if len(parts) > 1 else []))
            for number in range(len(_rows(browser))):
                shown.update(_show(browser, number))
    results = _results(browser).values()
    assert (
        shown
        == {result["data_uri"] for result in results if result["mime_type"].startswith("image/")}
        != set()
    )


def _show(browser, number):
    """Click the eye in one row, in each position of a switch; return the addresses of the pictures that came."""
    addresses = []
    for switch in _entries(browser, "//nav//fieldset//label") or [None]:
        if switch is not None:
            _click(browser, lambda switch=switch: switch)
        if _button(browser, number, 0).get_attribute("download"):
            continue
        _click(browser, lambda: _button(browser, number, 0))
        if _entries(browser, "//iframe"):
            continue
        picture = _picture(browser)
        assert picture.rect["width"] > 300 and picture.rect["height"] > 150
        assert picture.rect["y"] >= 0, "its top is cut off"
        addresses.append(picture.get_dom_attribute("src"))
    return addresses


def test_reader_switches_between_datasets_and_models(browser, finished):
    config = yaml.safe_load((finished / "results" / "config.yaml").read_text())
    _open(browser, "Tags and classes", "Each model")
    _rows(browser)
    printed = browser.find_element(By.TAG_NAME, "nav").text
    assert all(name in printed for name in [*config["datasets"], *config["models"]])
    addresses = [address for number in range(len(_rows(browser))) for address in _show(browser, number)]
    assert len(set(addresses)) == len(config["datasets"]) * len(config["models"])


def test_caption_explains_every_result(browser):
    results = _results(browser)
    assert results
    for path, result in results.items():
        assert len(re.sub("<[^>]*>", "", result["caption"])) > 100, path
        assert "{{" not in result["caption"] and "system-message" not in result["caption"], path


def test_caption_is_shown_beside_its_picture(browser):
    _open(browser, "Comparison")
    _click(browser, lambda: _button(browser, _row_of(browser, "all models on all tasks figure"), 1))
    _wait(browser, lambda: "DESCRIPTION" in browser.find_element(By.TAG_NAME, "nav").text.upper())
    assert "A bar starts at chance" in browser.find_element(By.TAG_NAME, "nav").text


def test_statistics_show_how_long_rules_ran(browser):
    _open(browser, "Statistics")
    for name in ("runtimes", "timeline"):
        chart = f"//*[@id='{name}']//canvas | //*[@id='{name}']//*[name()='svg']"
        assert _wait(browser, lambda chart=chart: _entries(browser, chart))[0].size["width"] > 100
    specification = browser.execute_script("return JSON.stringify(runtimes_spec)")
    assert "pretrain_encoder" in specification and "plot_comparison" in specification


def test_tables_show_their_numbers(browser):
    tables = [path for path, result in _results(browser).items() if result["mime_type"] == "text/html"]
    assert tables
    _open(browser, "Comparison")
    _click(browser, lambda: _button(browser, _row_of(browser, "all models on all tasks table"), 0))
    browser.switch_to.frame(_wait(browser, lambda: _entries(browser, "//iframe"))[0])
    assert re.search(r"0\.\d{3}", browser.find_element(By.TAG_NAME, "body").text)
    browser.switch_to.default_content()
