"""Encoders for MTEB's audio tasks (https://embeddings-benchmark.github.io/mteb): models for `mteb.evaluate`."""

from pathlib import Path

import numpy as np
from mteb.models import ModelMeta
from mteb.models.abs_encoder import AbsEncoder

from mscol.embeddings.export import weights_digest
from mscol.encoders import encoder_file, open_encoder
from mscol.hear import get_scene_embeddings
from mscol.io.audio import ANALYSIS_RATE, resample


class MtebEncoder(AbsEncoder):
    """An encoder with MTEB's interface: it returns the mean embedding of each sound.

    Parameters
    ----------
    path : str or os.PathLike
        As for `mscol.encoders.open_encoder`.
    name : str, optional
        Name of the results, ``owner/model``; by default ``mscol/`` and the model's folder. The revision is a digest of the
        weights.
    paper : str, optional
        As for `mscol.encoders.open_encoder`.

    Examples
    --------
    >>> mteb.evaluate(MtebEncoder("models/bass_vocals/seed1"), mteb.get_tasks(["GTZANGenre"]))  # doctest: +SKIP
    """

    def __init__(self, path, name=None, paper=None):
        self.encoder = open_encoder(path, paper)
        *_, model, seed, _ = ("", "", *Path(encoder_file(path)).resolve().parts)
        about = {
            "name": name or f"mscol/{model}-{seed}",
            "revision": weights_digest(self.encoder)[:16],
            "modalities": ["audio"],
            "embed_dim": int(self.encoder.output_shape[-1]),
        }
        self.mteb_model_meta = ModelMeta.create_empty(about)

    def encode(self, inputs, **task):
        """Embed sounds of any sample rate and length.

        Parameters
        ----------
        inputs : iterable of dict
            Batches. Each entry of the list ``audio`` has an array, shape (n_samples,) or (n_channels, n_samples), and a
            sampling_rate.
        task
            MTEB's description of the task; ignored.

        Returns
        -------
        np.ndarray, shape=(n_sounds, values), float32
        """
        sounds = (_at_16_khz(sound) for batch in inputs for sound in batch["audio"])
        return np.concatenate([get_scene_embeddings(sound[None], self) for sound in sounds])


def _at_16_khz(sound):
    waveform = np.asarray(sound["array"], np.float32)
    mono = waveform.mean(axis=0) if waveform.ndim == 2 else waveform
    return resample(mono, sound["sampling_rate"], ANALYSIS_RATE)
