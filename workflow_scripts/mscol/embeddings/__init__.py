"""Compute embeddings of audio files, or of a dataset's mel cache, one per window.

Use `embed_file` and `embed_clips` from outside. `crops` chooses the crops of a dataset. `clips` embeds a dataset with a
Keras model, `functions` with any Python function of a waveform (`baselines` has one). `files` and `export` embed audio
files. `prediction` runs the encoder. None of these modules imports a training framework.
"""

from mscol.embeddings.clips import embed_clips
from mscol.embeddings.files import embed_file

__all__ = ["embed_clips", "embed_file"]
