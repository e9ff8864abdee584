"""Stems: wav conversion, separation with Open-Unmix, resampling, and a small separator of one's own.

`stages` holds what needs no neural network (conversion, resampling, brought stems), `separator` loads
and runs Open-Unmix, `training` makes a small one, `judging` says how good it is.
"""

STEMS = ("bass", "drums", "other", "vocals")  # in the order of model names and of the mel cache
