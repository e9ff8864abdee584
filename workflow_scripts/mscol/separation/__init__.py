"""Stems: wav conversion, separation with Open-Unmix, resampling, and a small separator of one's own.

`conversion` and `resampling` (of brought stems, too) need no neural network. `separator` loads Open-Unmix, `separate` runs
it on waveforms with the filter of `wiener`, `shard` on files; `training` makes a small one, `judging` says how good it is.
"""

STEMS = ("bass", "drums", "other", "vocals")  # in the order of model names and of the mel cache
PUBLISHED_MODELS = ("umxl", "umxhq", "umx")
