"""Show letters that Matplotlib's own font lacks with other fonts of the machine, or replace them with numbers."""

import logging
import os
import re
import unicodedata

from matplotlib import font_manager
from matplotlib.axis import Axis
from matplotlib.ft2font import FT2Font
from matplotlib.text import Text

_MOST_NAMED = 10  # in the log
_EAST_ASIAN = ("CJK", "HIRAGANA", "KATAKANA", "HANGUL", "BOPOMOFO", "IDEOGRAPHIC", "FULLWIDTH", "HALFWIDTH")


def give_fonts(figure):
    """Give each text of a figure fonts for all its letters, if the machine has such fonts.

    Parameters
    ----------
    figure : matplotlib.figure.Figure

    Returns
    -------
    str
        The letters that no font has, sorted.
    """
    texts = _texts(figure)
    letters = {letter for text in texts if not text.get_text().isascii() for letter in text.get_text()}
    missing = _not_in_own_font(letters)
    families, unseen = find_fonts(missing)
    for text in texts:
        if families and missing & set(text.get_text()):
            text.set_fontfamily([*text.get_fontfamily(), *families])
    return "".join(sorted(unseen))


def find_fonts(letters):
    """Find as few fonts of this machine as possible that have the given letters, preferably without serifs.

    Parameters
    ----------
    letters : set of str

    Returns
    -------
    families : list of str
        Their names in Matplotlib.
    unseen : set of str
        The letters that no font has.
    """
    families, unseen = _choose(_candidates(), set(letters))
    if unseen and _add_new_fonts():
        families, unseen = _choose(_candidates(), set(letters))
    return families, unseen


def number_unseen(figure, unseen):
    """Replace names whose letters cannot be shown with numbers.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
    unseen : str
        As `give_fonts` returns it.

    Returns
    -------
    list of str
        The replaced names; the first is [1] in the figure.
    """
    one = f"[{re.escape(unseen)}]+"
    name, numbers = re.compile(rf"{one}(?:\s+{one})*"), {}

    def numbered(text):
        return name.sub(lambda found: f"[{numbers.setdefault(found[0], len(numbers) + 1)}]", text)

    for axes in figure.axes:
        for axis in (axes.yaxis, axes.xaxis):  # rows first: their numbers go up from the top
            labels = [label.get_text() for label in axis.get_ticklabels()]
            if any(map(name.search, labels)):
                axis.set_ticklabels(list(map(numbered, labels)))
    for text in _texts(figure):
        text.set_text(numbered(text.get_text()))
    return list(numbers)


def packages_for(letters):
    """Name the Debian and Ubuntu packages whose fonts have the given letters.

    >>> packages_for("古琴"), packages_for("गि🎸")
    ('fonts-noto-cjk', 'fonts-noto-core, fonts-symbola')
    """
    return ", ".join(sorted({_package(letter) for letter in letters}))


def tell_numbered(names, unseen, path):
    """Log which names are replaced with numbers in a figure, and how to fix it."""
    named = ", ".join(f"[{number}] {name}" for number, name in enumerate(names[:_MOST_NAMED], 1))
    logging.warning(
        "%s: no font on this machine has the letters of %s%s, so the figure shows numbers instead. Its .svg shows the letters "
        "where a font has them. Install a font (Debian: %s), delete the figure and run again.",
        path, named, ", ..." if len(names) > _MOST_NAMED else "", packages_for(unseen),
    )  # fmt: skip


def _package(letter):
    if unicodedata.name(letter, "").startswith(_EAST_ASIAN):
        return "fonts-noto-cjk"
    return "fonts-symbola" if unicodedata.category(letter) == "So" else "fonts-noto-core"


def _texts(figure):
    for axis in figure.findobj(Axis):
        axis.get_ticklabels()  # updates them
    return figure.findobj(Text)


def _not_in_own_font(letters):
    if not letters:
        return set()
    own = FT2Font(font_manager.findfont(font_manager.FontProperties()))
    return {letter for letter in letters if _is_drawn(letter) and not own.get_char_index(ord(letter))}


def _is_drawn(letter):
    """Return whether a character is visible, and not a joiner or variation selector."""
    return unicodedata.category(letter) not in ("Cc", "Cf", "Zs") and not "\ufe00" <= letter <= "\ufe0f"


def _candidates():
    """Return one font of each family, in plain style and normal weight."""
    plain = {}
    for entry in sorted(font_manager.fontManager.ttflist, key=lambda entry: (entry.weight, entry.fname)):
        last_resort = "lastresort" in entry.name.lower().replace(" ", "")  # boxes for all letters
        if entry.style == entry.variant == "normal" and 400 <= entry.weight <= 500 and not last_resort:
            plain.setdefault(entry.name, entry)
    return plain.values()


def _choose(candidates, letters):
    if not letters:
        return [], letters
    has = {entry.name: _letters_in(entry, letters) for entry in candidates}
    chosen, unseen = [], set(letters)
    while unseen:
        best = max(
            has,
            key=lambda name: (len(has[name] & unseen), "Sans" in name, "Mono" not in name, name),
            default=None,
        )
        if best is None or not has[best] & unseen:
            break
        chosen.append(best)
        unseen -= has[best]
    return chosen, unseen


def _letters_in(entry, letters):
    try:
        font = FT2Font(entry.fname, face_index=entry.index)
    except (OSError, RuntimeError):  # removed, or damaged, since Matplotlib listed it
        return set()
    return {letter for letter in letters if font.get_char_index(ord(letter))}


def _add_new_fonts():
    """Add fonts that were installed after Matplotlib listed its fonts; return whether there are any."""
    known = {os.path.realpath(entry.fname) for entry in font_manager.fontManager.ttflist}
    found = map(os.path.realpath, font_manager.findSystemFonts())
    added = 0
    for path in sorted(set(found) - known):
        try:
            font_manager.fontManager.addfont(path)
        except (
            Exception
        ) as error:  # FreeType raises its own for bitmaps and damaged files; Matplotlib skips them, too
            logging.debug("%s: not a font that Matplotlib can use (%s).", path, error)
        else:
            added += 1
    return added > 0
