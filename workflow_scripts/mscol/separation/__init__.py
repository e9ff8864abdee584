"""Stems: wav conversion, separation with Open-Unmix or a user's function, resampling, and training a small separator.

`conversion` and `resampling` (including the user's own stems) need no neural network. `separator` loads Open-Unmix.
`separate` runs it on waveforms with the filter of `wiener`, and `shard` runs it on files. `functions` does both with a
user's function. `writing` holds what these share. `training` trains a small Open-Unmix, and `judging` evaluates a separator.
"""

STEMS = ("bass", "drums", "other", "vocals")  # in the order of model names and of the mel cache
PUBLISHED_MODELS = ("umxl", "umxhq", "umx")
