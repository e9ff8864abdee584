"""Pairs of crops, on which an encoder is pretrained.

A mixture is cut into segments of 392 frames. An anchor is a random crop of 98 frames of a segment's
mixture. Its positive is an independently drawn random crop of the same segment of one source. If the
source set is empty, the positive also comes from the mixture, and the only source is called
``mixture``.
"""

from mscol.pairs.sampler import Draw, PairSampler
from mscol.pairs.segments import MIXTURE, activity_columns, fingerprint, segment_table

__all__ = ["MIXTURE", "Draw", "PairSampler", "activity_columns", "fingerprint", "segment_table"]
