"""Encoders for MTEB's tasks on audio (https://embeddings-benchmark.github.io/mteb): what `mteb.evaluate` takes for a model."""

from pathlib import Path

import numpy as np
from mteb.models import ModelMeta
from mteb.models.abs_encoder import AbsEncoder

from mscol.embeddings.export import weights_digest
from mscol.encoders import encoder_file, open_encoder
from mscol.hear import get_scene_embeddings
from mscol.io.audio import ANALYSIS_RATE, resample


class MtebEncoder(AbsEncoder):
    """An encoder as MTEB asks for it: sounds in, the mean embedding of each out.

    Parameters
    ----------
    path : str or os.PathLike
        As for `mscol.encoders.open_encoder`.
    name : str, optional
        What results are filed under, ``owner/model``; ``mscol/`` and the model's folder by default. The revision is a digest
        of the weights.
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
        """Embed sounds of any rates and lengths.

        Parameters
        ----------
        inputs : iterable of dict
            Batches, whose ``audio`` is a list of what has an array, shape (n_samples,) or (n_channels, n_samples), and
            a sampling_rate.
        task
            What MTEB says of the task, which is of no use here.

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
