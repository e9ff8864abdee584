"""The page to start from, of a finished run: clicked through in a browser, and reached with the keyboard."""

import re

import pytest
import yaml
from running import planned_jobs

selenium = pytest.importorskip("selenium")
from selenium.webdriver.common.by import By  # noqa: E402
from selenium.webdriver.common.keys import Keys  # noqa: E402
from selenium.webdriver.support.ui import Select, WebDriverWait  # noqa: E402


@pytest.fixture
def browser(chrome, finished):
    """The page, opened afresh 1,280 pixels wide; what the browser complains of, or would load, fails the test."""
    _resize(chrome, 1280)
    chrome.get("about:blank")
    chrome.get((finished / "results" / "index.html").as_uri())
    yield chrome
    assert [entry for entry in chrome.get_log("browser") if entry["level"] == "SEVERE"] == []
    loaded = chrome.execute_script(
        "return performance.getEntriesByType('resource').map((entry) => entry.name)"
    )
    assert [name for name in loaded if not name.startswith("data:")] == []
    chrome.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


def _resize(browser, width):
    size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)


def _find(browser, selector):
    return browser.find_elements(By.CSS_SELECTOR, selector)


def _press(browser, *keys):
    for key in keys:
        browser.switch_to.active_element.send_keys(key)


def _plays(browser, sound):
    """Whether a player plays what is no silence of length 0: waits until it does."""
    script = "return arguments[0].duration > 0.5 && arguments[0].currentTime > 0 && !arguments[0].error"
    return WebDriverWait(browser, 10).until(lambda _: browser.execute_script(script, sound))


def _in_view(browser, element):
    browser.execute_script("arguments[0].scrollIntoView({block: 'center'})", element)
    return element


def _from_top(cells):
    return sorted(cells, key=lambda cell: cell.rect["y"])


def test_page_has_every_part_of_the_run_in_order(browser, finished):
    config = yaml.safe_load((finished / "results" / "config.yaml").read_text())
    assert [part.get_attribute("id") for part in _find(browser, "main > section")] == [
        "comparison", "models", "sounds", "maps", "classes", "pretraining", "left-out", "costs",
    ]  # fmt: skip
    assert "synthesised" in _find(browser, ".note")[0].text
    printed = _find(browser, "#comparison")[0].text
    assert all(model in printed for model in config["models"])
    learned = {row.text.split()[0]: row.text for row in _find(browser, "#models tbody tr")}
    assert "the stems bass or vocals" in learned["bass_vocals"]
    # Too few clips to validate on
    assert re.search(r"0\.\d{3} \(training\) 0\.125", learned["bass_vocals"])
    assert len(_find(browser, "#maps svg.map")) == len(config["datasets"])
    assert "pretraining" in _find(browser, "#costs")[0].text
    for image in _find(browser, "img"):
        assert (
            image.get_attribute("alt")
            and browser.execute_script("return arguments[0].naturalHeight", image) == 64
        )
    links = [link.get_attribute("href") for link in _find(browser, "nav a")]
    assert all(_find(browser, f"[id='{link.partition('#')[2]}']") for link in links)


@pytest.mark.parametrize("width", [1280, 400])
def test_page_is_no_wider_than_the_window(browser, width):
    _resize(browser, width)
    assert browser.execute_script("return document.documentElement.scrollWidth") <= width
    wide = "return [...document.querySelectorAll('#comparison .scroll')].filter((part) => part.scrollWidth > part.clientWidth).length"
    assert browser.execute_script(wide) == 0 or width < 1280


def test_tables_are_sorted_by_a_click_and_by_the_keyboard(browser):
    head = _find(browser, "#comparison thead th:nth-child(2)")[0]
    cells = _find(browser, "#comparison table")[0].find_elements(By.CSS_SELECTOR, "tbody td:nth-child(2)")
    # Metrics of so small a run may be equal. These numbers are not, and as texts they would be sorted otherwise.
    numbers = range(9, 9 + len(cells))
    for cell, number in zip(cells, numbers, strict=True):
        browser.execute_script("arguments[0].textContent = arguments[1]", cell, number)
    _in_view(browser, head).find_element(By.TAG_NAME, "button").click()
    assert head.get_attribute("aria-sort") == "descending" and _from_top(cells) == cells[::-1] != cells
    _press(browser, Keys.ENTER)
    assert head.get_attribute("aria-sort") == "ascending" and _from_top(cells) == cells
    assert _find(browser, "#comparison tfoot th")[0].text == "chance"


def test_mixture_and_stems_can_be_listened_to(browser):
    players = _find(browser, "#sounds audio")
    assert len(players) == 5
    for player in players:
        _in_view(browser, player).send_keys(Keys.SPACE)
        assert _plays(browser, player)


def test_map_tells_and_plays_its_clips(browser):
    place = _in_view(browser, _find(browser, "[data-map='1']")[0])
    point = place.find_elements(By.CSS_SELECTOR, "svg.map path")[0]
    point.click()
    told = place.find_element(By.CSS_SELECTOR, ".told")
    name = point.get_attribute("aria-label").partition(",")[0]
    assert name in told.text and "class: " in told.text and "predicted: " in told.text
    assert _plays(browser, told.find_element(By.TAG_NAME, "audio"))
    chooser = Select(place.find_elements(By.TAG_NAME, "select")[0])
    before = point.get_attribute("transform")
    chooser.select_by_index(1)
    moved = place.find_elements(By.CSS_SELECTOR, f"svg.map path[data-clip='{point_clip(name, browser)}']")[0]
    assert moved.get_attribute("transform") != before
    Select(place.find_elements(By.TAG_NAME, "select")[1]).select_by_index(1)
    assert (
        0
        < len(place.find_elements(By.CSS_SELECTOR, "path.dim"))
        < len(place.find_elements(By.CSS_SELECTOR, "svg.map path"))
    )


def point_clip(name, browser):
    return browser.execute_script("return data.clips.nsynth.names.indexOf(arguments[0])", name)


def test_map_is_walked_with_arrow_keys(browser):
    place = _in_view(browser, _find(browser, "[data-map='1']")[0])
    [stop] = place.find_elements(By.CSS_SELECTOR, "svg.map path[tabindex='0']")
    place.find_elements(By.TAG_NAME, "select")[1].click()
    _press(browser, Keys.ESCAPE, Keys.TAB)
    assert browser.switch_to.active_element == stop
    steps = {
        Keys.ARROW_RIGHT: ("x", 1),
        Keys.ARROW_LEFT: ("x", -1),
        Keys.ARROW_UP: ("y", -1),
        Keys.ARROW_DOWN: ("y", 1),
    }
    n_steps = 0
    for key, (axis, sign) in steps.items():
        before = browser.switch_to.active_element
        _press(browser, key)
        after = browser.switch_to.active_element
        n_steps += after != before
        assert after == before or sign * (after.rect[axis] - before.rect[axis]) > 0
    assert n_steps > 1 and after.get_attribute("aria-label").partition(",")[0] in place.text
    _press(browser, Keys.ENTER)
    assert _plays(browser, place.find_element(By.CSS_SELECTOR, ".told audio"))


def test_cell_of_a_confusion_matrix_lists_its_clips(browser):
    place = _in_view(browser, _find(browser, "[data-confusion]")[0])
    cell = place.find_elements(By.CSS_SELECTOR, "tbody button")[0]
    cell.click()
    assert cell.get_attribute("aria-expanded") == "true"
    told = place.find_element(By.CSS_SELECTOR, ".told")
    n_clips = int(re.search(r": (\d+) clips?", told.text)[1])
    assert n_clips == int(cell.text) == len(told.find_elements(By.TAG_NAME, "li"))
    before = told.text
    _press(browser, Keys.ARROW_DOWN)
    if browser.switch_to.active_element == cell:
        _press(browser, Keys.ARROW_RIGHT)
    _press(browser, Keys.SPACE)
    assert browser.switch_to.active_element.get_attribute("aria-expanded") == "true" and told.text != before


def test_page_is_dark_where_the_reader_wants_it(browser):
    dark = [{"name": "prefers-color-scheme", "value": "dark"}]
    colour = "return getComputedStyle(document.body).backgroundColor"
    bright = browser.execute_script(colour)
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": dark})
    try:
        assert (
            bright == "rgb(255, 255, 255)"
            and max(map(int, re.findall(r"\d+", browser.execute_script(colour)))) < 60
        )
    finally:
        browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})


def test_music_that_must_not_be_passed_on_is_not(workflow, finished):
    jobs = planned_jobs(workflow, finished, "--config", "report={audio: false}", "--forceall")
    assert not {"cut_excerpts", "separate_excerpt"} & set(jobs) and jobs["write_page"] == 1
    assert "separate_excerpt" in planned_jobs(workflow, finished, "--forceall")
