"""Encoders as models for `mteb.evaluate`, for the audio tasks of MTEB (https://embeddings-benchmark.github.io/mteb)."""

from pathlib import Path

import numpy as np
from mteb.models import ModelMeta
from mteb.models.abs_encoder import AbsEncoder

from mscol.embeddings.export import weights_digest
from mscol.encoders import encoder_file, open_encoder
from mscol.hear import get_scene_embeddings
from mscol.io.audio import ANALYSIS_RATE, resample


class MtebEncoder(AbsEncoder):
    """An encoder with the interface of MTEB: it returns the mean embedding of each sound.

    Parameters
    ----------
    path : str or os.PathLike
        See `mscol.encoders.open_encoder`.
    name : str, optional
        Name of the model in MTEB's results, ``owner/model``. Default: ``mscol/MODEL-SEED``, from the folders of the path. The
        revision is a digest of the weights.
    paper : str, optional
        See `mscol.encoders.open_encoder`.

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
        """Embed sounds of any sampling rate and length.

        Parameters
        ----------
        inputs : iterable of dict
            Batches. ``audio`` is a list of sounds, each with an ``array``, shape (n_samples,) or (n_channels, n_samples), and
            a ``sampling_rate``.
        task
            MTEB's description of the task. Not used.

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
