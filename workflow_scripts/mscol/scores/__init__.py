"""Scores: what is said of the test clips, and how it should be.

`labels` encodes what clips are labelled with, `files` writes and reads scores, `validation` measures those of validation clips. It
is what a way of evaluating hands to the tables: `mscol.probes` and `mscol.clip_means` write scores, `mscol.tables` reads them.
"""
