"""The shared style of figures: colours, fonts, choosing rows of tables, and writing files."""

import contextlib
import logging
import unicodedata
import warnings
from pathlib import Path

import matplotlib

from mscol.config.naming import protocol_title
from mscol.errors import CacheError
from mscol.figures.letters import give_fonts, number_unseen, tell_numbered
from mscol.io.atomic import atomic_path

# Okabe & Ito's palette for colour-blind readers; line styles change when colours repeat
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
STYLES = ("-", "--", ":", "-.")
BETTER, WORSE, UNDECIDED = "#0072B2", "#D55E00", "#8C8C8C"
CHANCE = {"color": "dimgrey", "linestyle": (0, (1, 2)), "linewidth": 1.2}
WAY = ["protocol", "label_fraction", "test_list"]  # the columns that `choose_group` chooses by
# The report page centres higher figures and cuts off their top.
PAGE_INCHES = 7.4
LABELS_A_BLOCK = 25  # in figures with one row per label; more labels go into a second block next to the first

SYNTHESISED_NOTE = "Synthesised: music that this workflow made. The results say nothing about real music"

TASK_METRICS = {
    "tagging": ("roc_auc", "pr_auc"),
    "classification": ("recall", "f1"),
    "regression": ("r2", "pearson_r"),
}  # per label

_INCHES_A_LETTER = 0.085  # average, at the font size of legends
_LONGEST_NAME = 48  # letters: fits every model name of the grammar and leaves room for the panels
_LEFT_TO_RIGHT = "\u200e"
_SETTINGS = {
    "font.size": 10,
    "axes.titlesize": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "svg.fonttype": "none",  # texts stay texts, which can be searched and read aloud
    "svg.hashsalt": "mscol",
}


def styled():
    """Apply the shared settings of Matplotlib, as a context manager or a decorator."""
    return matplotlib.rc_context(_SETTINGS)


def save_figure(figure, paths):
    """Write a figure in the format of each path's suffix. Equal figures give equal files.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
    paths : sequence of (str or os.PathLike)
    """
    unseen = give_fonts(figure)
    with styled(), _without_warnings_of_glyphs():
        for path in sorted(map(Path, paths), key=lambda path: path.suffix != ".svg"):
            # An SVG keeps texts as texts, and a viewer may have the fonts.
            if unseen and path.suffix != ".svg":
                names = number_unseen(figure, unseen)
                tell_numbered(names, unseen, path)
                _add_to_title(
                    figure, f"{_range(len(names))}: names without a font on this machine; see {path.stem}.svg"
                )
                unseen = ""
            with atomic_path(path) as partial:
                figure.savefig(partial, dpi=150, metadata={"Date": None} if path.suffix == ".svg" else None)


@contextlib.contextmanager
def _without_warnings_of_glyphs():
    """Silence Matplotlib's warnings of each missing letter, which we log once, and of fonts with a slightly different weight."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
        logger = logging.getLogger("matplotlib.font_manager")
        level = logger.level
        logger.setLevel(logging.ERROR)
        try:
            yield
        finally:
            logger.setLevel(level)


def _add_to_title(figure, line):
    title = next(text for text in figure.texts if text.get_text() == figure.get_suptitle())
    title.set_text(f"{title.get_text()}\n{line}")


def _range(count):
    return "[1]" if count == 1 else f"[1] to [{count}]"


def shown(name):
    """Shorten and escape a user's name for figures, so that dollar signs do not start formulas.

    >>> shown("A$AP"), shown("x" * 60) == "x" * 24 + "…" + "x" * 23
    ('A\\\\$AP', True)
    """
    if len(name) > _LONGEST_NAME:
        name = f"{name[: _LONGEST_NAME // 2]}…{name[1 - _LONGEST_NAME // 2 :]}"
    return as_it_is(name)


def as_it_is(name):
    """Escape a user's name of any length, so that Matplotlib writes it unchanged: dollar signs do not start formulas."""
    name = name.replace("$", r"\$")
    # Right-to-left text would reverse the numbers next to it. A mark on each side keeps their order.
    turned = any(unicodedata.bidirectional(letter) in ("R", "AL") for letter in name)
    return f"{_LEFT_TO_RIGHT}{name}{_LEFT_TO_RIGHT}" if turned else name


def synthesised_of(summary):
    """Return the datasets of a summary that this workflow made; empty for a summary of an earlier version."""
    return set(summary.loc[summary["synthesised"] == 1, "dataset"]) if "synthesised" in summary else set()


def with_note(title, synthesised):
    """Add a note to the title if the music is synthesised."""
    return f"{title}\n{SYNTHESISED_NOTE}" if synthesised else title


def choose_group(table, path):
    """Choose the rows for a figure with one row per label.

    They are those of the protocol ``frozen`` (else the first of the table), its largest share of training
    labels, and the test list ``filtered`` (else the first).

    Parameters
    ----------
    table : pd.DataFrame
        With columns protocol, test_list and label_fraction.
    path : str or os.PathLike
        Path of the table, for the error message.

    Returns
    -------
    rows : pd.DataFrame
    title : str
        "frozen, filtered test list".

    Raises
    ------
    CacheError
        If the table is empty.
    """
    if table.empty:
        raise CacheError(f"{path}: no rows to draw. Delete it and run again.")
    table = _prefer(table, "protocol", "frozen")
    table = _prefer(table, "label_fraction", table["label_fraction"].max())
    table = _prefer(table, "test_list", "filtered")
    first = table.iloc[0]
    titles = [protocol_title(first["protocol"]), describe_test_list(first["test_list"])]
    if first["label_fraction"] < 1:
        titles.append(f"{first['label_fraction']:.4g} of the training labels")
    return table, ", ".join(title for title in titles if title)


def _prefer(table, column, value):
    values = table[column].to_numpy()
    return table[table[column] == (value if value in values else values[0])]


def describe_test_list(name):
    """Return the title of a test list; empty for the only one of a dataset."""
    return "" if name == "all" else f"{name} test list"


def blocks(labels):
    """Split a list of labels into one column of rows, or two if it is long."""
    if len(labels) <= LABELS_A_BLOCK:
        return [labels]
    half = (len(labels) + 1) // 2
    return [labels[:half], labels[half:]]


def block_inches(parts):
    """Return the width of a figure with two panels per block; one block is wide enough for legend and title."""
    return 13.6 if len(parts) > 1 else 9.2


def place_legend(figure, handles, **more):
    """Put a legend below all panels, in as many columns as fit the width of the figure."""
    widest = max(len(handle.get_label()) for handle in handles)
    n_columns = int(figure.get_figwidth() // (_INCHES_A_LETTER * widest + 0.7))
    n_columns = max(1, min(len(handles), n_columns))
    figure.legend(handles=handles, loc="outside lower center", ncols=n_columns, frameon=False, **more)


def style_of(number):
    """Return colour and style of the line with this number."""
    return {
        "color": COLOURS[number % len(COLOURS)],
        "linestyle": STYLES[number // len(COLOURS) % len(STYLES)],
    }
