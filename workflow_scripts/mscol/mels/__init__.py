"""Log-mel spectrograms: how they are computed, and the cache of them that everything else reads.

`mscol.mels` itself exports `log_mel` and the sizes of frames, crops and segments (from `spectrogram`). `framing` defines how
the encoders of each paper split a clip. `cache` reads the files of many shards as one (`MelCache`). `activity` measures how loud
each stem is. `mixtures`, `stems` and `degraded` write the files with `writing`, one job per shard.
"""

from mscol.mels.spectrogram import (
    CEILING,
    CROP_FRAMES,
    FFT_SAMPLES,
    FLOOR,
    HIGHEST_HZ,
    HOP_SAMPLES,
    LOWEST_HZ,
    N_MELS,
    SEGMENT_FRAMES,
    SHORTEST_SAMPLES,
    WINDOW_SAMPLES,
    count_segments,
    log_mel,
    mel_weights,
)

__all__ = [
    "CEILING",
    "CROP_FRAMES",
    "FFT_SAMPLES",
    "FLOOR",
    "HIGHEST_HZ",
    "HOP_SAMPLES",
    "LOWEST_HZ",
    "N_MELS",
    "SEGMENT_FRAMES",
    "SHORTEST_SAMPLES",
    "WINDOW_SAMPLES",
    "count_segments",
    "log_mel",
    "mel_weights",
]
