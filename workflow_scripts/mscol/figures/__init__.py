"""Figures: one module each, and the style they share.

Nothing is imported here, so that an edit in one figure makes no other stale. Of each figure, ``plot_*``
reads files and writes files; ``draw_*`` turns tables into a `matplotlib.figure.Figure`.
"""
