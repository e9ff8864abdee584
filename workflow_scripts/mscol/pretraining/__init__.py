"""Pretraining: from the mel cache to an encoder."""

from mscol.pretraining.data import CacheFiles, PretrainingData, load_data
from mscol.pretraining.run import import_encoder, initialise, pretrain

__all__ = ["CacheFiles", "PretrainingData", "import_encoder", "initialise", "load_data", "pretrain"]
