"""Encoders for the HEAR benchmark and other kits with the same interface.

`load_model`, `get_scene_embeddings` and `get_timestamp_embeddings` follow https://hearbenchmark.com/hear-api.html. They take
tensors of TensorFlow or PyTorch; Keras computes with any of its backends. Recordings are normalised as in the encoder's training
(`mscol.embeddings.embed_file`).
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

_BATCH = 32  # windows the encoder embeds at once
_WINDOWS_HELD = 512
_STEP_FRAMES = 5  # 50 ms, as HEAR requires
_MIDDLE_SAMPLES = SHORTEST_SAMPLES // 2  # of a window


def load_model(model_file_path, paper=None):
    """Load an encoder.

    Parameters
    ----------
    model_file_path, paper : str
        As for `mscol.encoders.open_encoder`.

    Returns
    -------
    tensorflow.Module, or torch.nn.Module where TensorFlow is not installed
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
    """Embed sounds: the mean over the windows of each sound, cut as in `mscol.embeddings.embed_file`.

    Parameters
    ----------
    audio : tensor of TensorFlow or PyTorch, or np.ndarray, shape=(n_sounds, n_samples)
        At 16 kHz. Sounds shorter than a window of one second are padded with silence at the end.
    model
        From `load_model`.

    Returns
    -------
    tensor of the same kind, shape=(n_sounds, scene_embedding_size), float32

    Raises
    ------
    AudioError
        If the shape is wrong, or a sample is not finite.
    """
    return _like(audio, _embed(audio, model.encoder, window_log_mels).mean(axis=1))


def get_timestamp_embeddings(audio, model):
    """Embed moments of sounds: a window of one second around each, every 50 ms (every second for a cvsm encoder).

    Sounds are padded with silence before their start and after their end.

    Parameters
    ----------
    audio, model
        As for `get_scene_embeddings`.

    Returns
    -------
    embeddings : tensor of the same kind, shape=(n_sounds, n_timestamps, timestamp_embedding_size), float32
    timestamps : tensor of the same kind, shape=(n_sounds, n_timestamps), float32
        Milliseconds from the start of a sound to the middle of each window.

    Raises
    ------
    AudioError
        As `get_scene_embeddings`.
    """
    framing = framing_of(model.encoder)
    if framing.slice_seconds:  # windows do not extend beyond a slice
        values, first, step = _embed(audio, model.encoder, window_log_mels), 0, framing.hop_frames
    else:
        values, first, step = _embed(audio, model.encoder, _windows_around), -CROP_FRAMES // 2, _STEP_FRAMES
    starts = (first + step * np.arange(values.shape[1])) * HOP_SAMPLES
    times = ((starts + _MIDDLE_SAMPLES) * 1000 / ANALYSIS_RATE).astype(np.float32)
    return _like(audio, values), _like(audio, np.tile(times, (len(values), 1)))


def _windows_around(waveform, name, framing, seconds):
    """Return log-mel windows around moments 50 ms apart, (n_windows, 98, 64), with silence around the waveform."""
    mel = np.pad(
        framing.log_mel(waveform, seconds), [(CROP_FRAMES // 2,) * 2, (0, 0)], constant_values=np.log(FLOOR)
    )
    starts = np.arange(0, len(mel) - CROP_FRAMES + 1, _STEP_FRAMES)
    return mel[starts[:, None] + np.arange(CROP_FRAMES)]


def _embed(audio, encoder, cut):
    """Cut sounds into windows and embed them: (n_sounds, n_windows, values)."""
    framing, seconds = framing_of(encoder), normalise_seconds(encoder)
    sounds = np.asarray(audio.detach().cpu() if _is_torch(audio) else audio, np.float32)
    if sounds.ndim != 2:
        raise AudioError(f"audio of shape {sounds.shape}, expected (sounds, samples): one channel at 16 kHz")
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
    """Return values as a tensor of the same kind as ``tensor``."""
    if isinstance(tensor, np.ndarray):
        return values
    if _is_torch(tensor):
        return importlib.import_module("torch").from_numpy(values).to(tensor.device)
    return importlib.import_module("tensorflow").convert_to_tensor(values)
