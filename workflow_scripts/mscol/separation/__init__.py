"""Stems: wav conversion, separation with Open-Unmix or a function of the user's, resampling, and a small separator of one's own.

`conversion` and `resampling` (of brought stems, too) need no neural network. `separator` loads Open-Unmix, `separate` runs
it on waveforms with the filter of `wiener`, `shard` on files; `functions` does both with a function of the user's;
`writing` says what they have in common. `training` makes a small Open-Unmix, `judging` says how good a separator is.
"""

STEMS = ("bass", "drums", "other", "vocals")  # in the order of model names and of the mel cache
PUBLISHED_MODELS = ("umxl", "umxhq", "umx")
