"""Embeddings: from audio files, or a dataset's mel cache, to what an encoder says of each window.

`embed_file` and `embed_clips` are for use from outside. `crops` chooses what of a dataset is embedded, `clips` and
`functions` embed a dataset with a Keras model and with any Python function of a waveform (`baselines` has one), `files`
and `export` embed audio files; `prediction` runs the encoder. None of them imports a training framework.
"""

from mscol.embeddings.clips import embed_clips
from mscol.embeddings.files import embed_file

__all__ = ["embed_clips", "embed_file"]
