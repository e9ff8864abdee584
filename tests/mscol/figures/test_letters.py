"""Labels in letters that Matplotlib's own font lacks."""

import warnings

import made_up
import matplotlib
import pytest
from fontTools.fontBuilder import FontBuilder
from fontTools.pens.ttGlyphPen import TTGlyphPen
from matplotlib import font_manager
from pictures import illegible_texts, rows_of, texts_of_svg

from mscol.figures.classes import draw_confusion, draw_tags
from mscol.figures.style import save_figure, shown

NAMES = ["古琴", "ギター (guitar)", "한국 음악", "flute", "vocal"]


@pytest.fixture
def bare(monkeypatch):
    """A machine with Matplotlib's own fonts alone."""
    manager, own = font_manager.fontManager, matplotlib.get_data_path()
    fonts = [entry for entry in manager.ttflist if entry.fname.startswith(own)]
    monkeypatch.setattr(manager, "ttflist", fonts)
    monkeypatch.setattr(font_manager, "findSystemFonts", lambda: [])
    manager._findfont_cached.cache_clear()
    yield monkeypatch
    manager._findfont_cached.cache_clear()


def _font(path, family, letters):
    """Write a font in which all of these letters are squares."""
    pen = TTGlyphPen(None)
    pen.moveTo((0, 0))
    for corner in ((0, 800), (800, 800), (800, 0)):
        pen.lineTo(corner)
    pen.closePath()
    builder = FontBuilder(1000)
    builder.setupGlyphOrder([".notdef", "square"])
    builder.setupCharacterMap({ord(letter): "square" for letter in letters})
    builder.setupGlyf({".notdef": pen.glyph(), "square": pen.glyph()})
    builder.setupHorizontalMetrics({".notdef": (900, 0), "square": (900, 0)})
    builder.setupHorizontalHeader(ascent=800, descent=-200)
    builder.setupNameTable({"familyName": family, "styleName": "Regular"})
    builder.setupOS2(usWeightClass=400)
    builder.setupPost()
    builder.save(path)
    return str(path)


def _figure():
    return draw_confusion(made_up.classes(NAMES, absent=()), made_up.TESTED, "bass on mine")


def _save(figure, folder):
    """Save a figure in both forms, as its rule does; return the texts of the SVG."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        save_figure(figure, [folder / "figure.svg", folder / "figure.png"])
    return texts_of_svg(folder / "figure.svg")


def test_fonts_that_were_installed_meanwhile_show_what_the_own_one_cannot(bare, tmp_path, caplog):
    fonts = [
        _font(tmp_path / "east.ttf", "East", "古琴ギター"),
        _font(tmp_path / "half.ttf", "Half", "古ギ한"),
        _font(tmp_path / "korean.ttf", "Korean", "한국음악"),
    ]
    (tmp_path / "broken.ttf").write_bytes(b"no font")
    bare.setattr(font_manager, "findSystemFonts", lambda: [*fonts, str(tmp_path / "broken.ttf")])
    figure = _figure()
    printed = _save(figure, tmp_path)
    assert set(NAMES) <= set(printed) and caplog.messages == []
    labels = {label.get_text(): label for label in figure.axes[0].get_xticklabels()}
    assert labels["古琴"].get_fontfamily() == ["sans-serif", "East", "Korean"]  # as few as will do
    assert labels["flute"].get_fontfamily() == ["sans-serif"]
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # a missing letter would be one
        figure.savefig(tmp_path / "again.png")


def test_without_such_fonts_pictures_number_names_and_texts_hold_them(bare, tmp_path, caplog):
    figure = _figure()
    printed = _save(figure, tmp_path)
    assert set(NAMES) <= set(printed)
    rows = [text.partition(" (")[0] for text in rows_of(figure.axes[0])]
    assert rows == ["[1]", "[2]", "[3]", "flute", "vocal"]
    assert rows_of(figure.axes[1]) == ["[1]", "[2] (guitar)", "[3]", "flute", "vocal"]
    assert [text.get_text() for text in figure.axes[0].get_xticklabels()] == rows_of(figure.axes[1])
    assert figure.get_suptitle().endswith("[1] to [3]: names without a font on this machine; see figure.svg")
    assert illegible_texts(figure) == []
    (message,) = caplog.messages
    assert (
        "figure.png: no font on this machine has the letters of [1] 古琴, [2] ギター, [3] 한국 음악,"
        in message
    )
    assert "(Debian: fonts-noto-cjk)" in message


def test_many_names_fill_no_log(bare, tmp_path, caplog):
    tags = made_up.tags()
    tags["label"] = [f"古{chr(0x4E00 + number)}" for number in range(len(tags))]
    _save(draw_tags(tags, made_up.TESTED, "title"), tmp_path)
    (message,) = caplog.messages
    assert "[10] " in message and "[11]" not in message and ", ...," in message


def test_numbers_beside_what_is_written_from_right_to_left_stay_as_they_are():
    assert shown("flute") == "flute"
    assert shown("עוד") == "\u200eעוד\u200e"
