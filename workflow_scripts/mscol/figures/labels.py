"""Shared parts of figures with one row per label: rows, their texts, and points with intervals."""

from matplotlib.lines import Line2D


def set_rows(axis, labels, every=1):
    """Give an axis one row per label, the first at the top; write every ``every``-th label."""
    axis.set_ylim(len(labels) - 0.4, -0.6)
    axis.set_yticks(range(len(labels))[::every], labels[::every], fontsize=9)
    axis.tick_params(axis="y", length=0)
    axis.grid(axis="x", alpha=0.3)
    axis.set_axisbelow(True)
    for row in range(1, len(labels), 2):
        axis.axhspan(row - 0.5, row + 0.5, color="black", alpha=0.035, linewidth=0)


def draw_interval(axis, row, value, low, high, colour, **marker):
    """Draw a point and its interval in one row."""
    axis.plot([low, high], [row, row], color=colour, linewidth=1.8, solid_capstyle="butt")
    axis.plot(value, row, linestyle="none", color=colour, **({"marker": "o", "markersize": 5} | marker))


def point_handle(colour, label, **marker):
    """Return the legend handle for `draw_interval`."""
    style = {"marker": "o", "markersize": 5} | marker
    return Line2D([], [], color=colour, linewidth=1.8, label=label, **style)


def write_note(axis, row, text):
    """Write in a row why it has no point."""
    axis.annotate(
        text, (0.5, row), xycoords=("axes fraction", "data"), ha="center", va="center", fontsize=8, style="italic",
        color="dimgrey", bbox={"boxstyle": "square,pad=0.15", "facecolor": "white", "edgecolor": "none"},
    )  # fmt: skip
