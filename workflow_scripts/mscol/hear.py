"""Encoders for the HEAR benchmark and other tools that use its API.

The API (https://hearbenchmark.com/hear-api.html) consists of `load_model`, `get_scene_embeddings` and `get_timestamp_embeddings`, on
tensors of TensorFlow or PyTorch. Embeddings are computed by the Keras backend. Recordings are normalised like the recordings that the
encoder was trained on (`mscol.embeddings.embed_file`).
"""

import importlib
import importlib.util

import numpy as np

from mscol.embeddings.files import normalise_seconds, window_log_mels
from mscol.embeddings.prediction import predict
from mscol.encoders import open_encoder
from mscol.errors import AudioError
from mscol.io.audio import ANALYSIS_RATE
from mscol.mels import CROP_FRAMES, FLOOR, HOP_SAMPLES, SHORTEST_SAMPLES
from mscol.mels.framing import framing_of

_BATCH = 32  # windows embedded at once
_WINDOWS_HELD = 512
_STEP_FRAMES = 5  # 50 ms, as HEAR requires
_MIDDLE_SAMPLES = SHORTEST_SAMPLES // 2  # of a window


def load_model(model_file_path, paper=None):
    """Load an encoder.

    Parameters
    ----------
    model_file_path, paper : str
        See `mscol.encoders.open_encoder`.

    Returns
    -------
    tensorflow.Module, or torch.nn.Module if TensorFlow is not installed
        With the attributes encoder, sample_rate, scene_embedding_size and timestamp_embedding_size.
    """
    has_tensorflow = importlib.util.find_spec("tensorflow")
    encoder = open_encoder(model_file_path, paper)
    model = importlib.import_module("tensorflow" if has_tensorflow else "torch.nn").Module()
    model.encoder = encoder
    model.sample_rate = ANALYSIS_RATE
    model.scene_embedding_size = model.timestamp_embedding_size = int(encoder.output_shape[-1])
    return model


def get_scene_embeddings(audio, model):
    """Embed sounds: the mean over the windows of each, which are those of `mscol.embeddings.embed_file`.

    Parameters
    ----------
    audio : tensor of TensorFlow or PyTorch, or np.ndarray, shape=(n_sounds, n_samples)
        At 16 kHz. Sounds shorter than a window of a second are padded with silence at the end.
    model
        From `load_model`.

    Returns
    -------
    tensor of the same kind, shape=(n_sounds, scene_embedding_size), float32

    Raises
    ------
    AudioError
        If the shape is wrong or a sample is not finite.
    """
    return _like(audio, _embed(audio, model.encoder, window_log_mels).mean(axis=1))


def get_timestamp_embeddings(audio, model):
    """Embed timestamps of sounds: a window of a second around each, every 50 ms (cvsm encoders: every second).

    Sounds are padded with silence at both ends.

    Parameters
    ----------
    audio, model
        See `get_scene_embeddings`.

    Returns
    -------
    embeddings : tensor of the same kind, shape=(n_sounds, n_timestamps, timestamp_embedding_size), float32
    timestamps : tensor of the same kind, shape=(n_sounds, n_timestamps), float32
        Milliseconds from the beginning of a sound to the middle of each window.

    Raises
    ------
    AudioError
        See `get_scene_embeddings`.
    """
    framing = framing_of(model.encoder)
    if framing.slice_seconds:  # windows do not cross slice boundaries
        values, first, step = _embed(audio, model.encoder, window_log_mels), 0, framing.hop_frames
    else:
        values, first, step = _embed(audio, model.encoder, _windows_around), -CROP_FRAMES // 2, _STEP_FRAMES
    starts = (first + step * np.arange(values.shape[1])) * HOP_SAMPLES
    times = ((starts + _MIDDLE_SAMPLES) * 1000 / ANALYSIS_RATE).astype(np.float32)
    return _like(audio, values), _like(audio, np.tile(times, (len(values), 1)))


def _windows_around(waveform, name, framing, seconds):
    """Cut log-mel windows around timestamps every 50 ms, shape (n_windows, 98, 64), padding with silence."""
    mel = np.pad(
        framing.log_mel(waveform, seconds), [(CROP_FRAMES // 2,) * 2, (0, 0)], constant_values=np.log(FLOOR)
    )
    starts = np.arange(0, len(mel) - CROP_FRAMES + 1, _STEP_FRAMES)
    return mel[starts[:, None] + np.arange(CROP_FRAMES)]


def _embed(audio, encoder, cut):
    """Embed the windows of sounds, shape (n_sounds, n_windows, values)."""
    framing, seconds = framing_of(encoder), normalise_seconds(encoder)
    sounds = np.asarray(audio.detach().cpu() if _is_torch(audio) else audio, np.float32)
    if sounds.ndim != 2:
        raise AudioError(f"audio of shape {sounds.shape}: expected (sounds, samples), one channel at 16 kHz")
    if sounds.shape[1] < SHORTEST_SAMPLES:
        sounds = np.pad(sounds, [(0, 0), (0, SHORTEST_SAMPLES - sounds.shape[1])])
    values, held = [], []
    for number, sound in enumerate(sounds, 1):
        held.append(cut(sound, f"sound {number}", framing, seconds))
        if sum(map(len, held)) >= _WINDOWS_HELD or number == len(sounds):
            values.append(predict(encoder, np.concatenate(held)[..., None], _BATCH))
            held = []
    return np.concatenate(values).reshape(len(sounds), -1, values[0].shape[-1])


def _is_torch(tensor):
    return type(tensor).__module__.partition(".")[0] == "torch"


def _like(tensor, values):
    """Convert values to the kind of tensor that another one is."""
    if isinstance(tensor, np.ndarray):
        return values
    if _is_torch(tensor):
        return importlib.import_module("torch").from_numpy(values).to(tensor.device)
    return importlib.import_module("tensorflow").convert_to_tensor(values)
