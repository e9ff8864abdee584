"""Pretraining: from the mel cache to an encoder."""

from mscol.pretraining.data import CacheFiles, PretrainingData, load_data
from mscol.pretraining.run import initialise, pretrain

__all__ = ["CacheFiles", "PretrainingData", "initialise", "load_data", "pretrain"]
