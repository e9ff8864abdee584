"""Pairs of crops: what an encoder is pretrained on.

A mixture is cut into segments of 392 frames. An anchor is a random crop of 98 frames of a segment's
mixture; its positive is another random crop, drawn independently, of the same segment of one source. The
source set may be empty: then the positive comes from the mixture too, and the one source is called
``mixture``.
"""

from mscol.pairs.sampler import Draw, PairSampler
from mscol.pairs.segments import MIXTURE, activity_columns, fingerprint, segment_table

__all__ = ["MIXTURE", "Draw", "PairSampler", "activity_columns", "fingerprint", "segment_table"]
