"""Figures: one module each, and a shared style.

This file imports nothing, so that an edit of one figure does not rerun the others. In each module, ``plot_*`` reads and
writes files, and ``draw_*`` turns tables into a `matplotlib.figure.Figure`.
"""
