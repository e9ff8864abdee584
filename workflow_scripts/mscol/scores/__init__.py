"""Scores: predictions for the test clips, with their labels.

`labels` encodes the labels of clips, `scaling` scales embeddings, `files` writes and reads scores, and `validation` computes the
metric of validation clips.
`mscol.probes` and `mscol.clip_means` write scores; `mscol.tables` reads them.
"""
