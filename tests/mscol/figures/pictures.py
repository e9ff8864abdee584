"""What tests ask of a figure."""

import itertools
import xml.etree.ElementTree as ElementTree

from matplotlib.backends.backend_agg import FigureCanvasAgg


def texts_of_svg(path):
    """All pieces of text of an SVG."""
    pieces = [
        element.text or "" for element in ElementTree.parse(path).iter() if element.tag.endswith("}text")
    ]
    return [piece.strip() for piece in pieces]


def points_of(axis):
    """The points that stand alone: (value, row) -> line."""
    lines = [line for line in axis.lines if len(line.get_xdata()) == 1 and line.get_marker() != "|"]
    return {(line.get_xdata()[0], line.get_ydata()[0]): line for line in lines}


def intervals_of(axis):
    """The lines of two points in one row: row -> (low, high)."""
    lines = [line for line in axis.lines if len(line.get_xdata()) == 2]
    return {line.get_ydata()[0]: tuple(line.get_xdata()) for line in lines if len(set(line.get_ydata())) == 1}


def rows_of(axis):
    """The texts of an axis' rows, from the top."""
    return [label.get_text() for label in axis.get_yticklabels()]


def illegible_texts(figure):
    """Texts that reach out of the figure, and texts of rows that cover the one above."""
    renderer = FigureCanvasAgg(figure).get_renderer()
    figure.draw(renderer)
    page = figure.bbox.padded(1)
    rows = [[label for label in axis.get_yticklabels() if _is_drawn(label, axis)] for axis in figure.axes]
    texts = [text for legend in figure.legends for text in legend.get_texts()]
    texts += [*figure.texts, *(axis.title for axis in figure.axes), *itertools.chain(*rows)]
    boxes = {text: text.get_window_extent(renderer) for text in texts if text.get_text()}
    outside = [
        text.get_text()
        for text, box in boxes.items()
        if not (box.min >= page.min).all() or not (box.max <= page.max).all()
    ]
    covered = [
        lower.get_text()
        for labels in rows
        for upper, lower in itertools.pairwise(labels)
        if boxes[upper].overlaps(boxes[lower])
    ]
    return outside + covered


def _is_drawn(label, axis):
    low, high = sorted(axis.get_ylim())
    return bool(label.get_text()) and low <= label.get_position()[1] <= high
