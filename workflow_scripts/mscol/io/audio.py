"""Decode, resample and write audio.

Conventions: a waveform is float32, ``(samples,)`` when mono and ``(samples, channels)`` otherwise. All formats
that libsndfile decodes are supported (wav of any width, mp3, ogg, flac, aiff, ...).
"""

import contextlib
import errno
import io
import os
from typing import NamedTuple

import numpy as np
import soundfile
import soxr

from mscol.errors import AudioError, DiskError
from mscol.io import mpeg

ANALYSIS_RATE = (
    16_000  # Hz; mixtures and stems are analysed at this rate (METHOD, MSCOL_SMC23 preprocess_mtat.py)
)
SEPARATION_RATE = 44_100  # Hz; the rate Open-Unmix was trained at
_MISSED_SECONDS = 0.1
# libsndfile spreads compression levels 0 to 1 evenly over the bit rates of MPEG-2 layer III, 160 down to 8 kbit/s.
_HIGHEST_RATE, _LOWEST_RATE = 160, 8
_UNKNOWN_FRAMES = 2**62
# Not of a file, but of a file system, its network, or the process; they pass.
_PASSING = {
    errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.EAGAIN, errno.ESTALE, errno.ETIMEDOUT, errno.ENOTCONN, errno.ECONNABORTED,
    errno.ECONNREFUSED, errno.ECONNRESET, errno.EHOSTDOWN, errno.EHOSTUNREACH, errno.ENETDOWN, errno.ENETUNREACH,
}  # fmt: skip
_CANCELLED = 1e-3  # 60 dB below its channels, a mixture is only coding or rounding noise


def probe(path):
    """Read an audio file's header.

    Returns
    -------
    float
        Duration in seconds according to libsndfile. Where libsndfile estimates, `mscol.io.lengths` is more accurate.

    Raises
    ------
    AudioError
        As `read_header`.
    """
    about = read_header(path)
    return about.frames / about.samplerate


class Header(NamedTuple):
    """An audio file's header: samples per channel, Hz, channels, and libsndfile's name of the format."""

    frames: int
    samplerate: int
    channels: int
    format: str


def read_header(path):
    """Read an audio file's header.

    Parameters
    ----------
    path : str or os.PathLike

    Returns
    -------
    Header

    Raises
    ------
    AudioError
        If the file is missing or empty, or its header is unknown to libsndfile or lacks the length.
    DiskError
        If the file system does not answer, or the process may not open more files.
    """
    try:
        if os.path.getsize(path) == 0:
            raise AudioError(f"{path}: the file is empty (0 bytes); get it again or leave it out")
        with open_sound(path) as sound:
            return Header(sound.frames, sound.samplerate, sound.channels, sound.format)
    except FileNotFoundError:
        raise AudioError(f"{path}: there is no such file") from None
    except OSError as error:
        raise unreadable(path, error) from error
    except soundfile.LibsndfileError as error:
        raise AudioError(f"{path}: not an audio file that libsndfile decodes") from error


def unreadable(path, error):
    """Make the exception for an `OSError`: `DiskError` if it may pass, else `AudioError`, for which a file is left out."""
    message = f"{path}: cannot be read ({error.strerror or error})"
    return (
        DiskError(f"{message}. Run again when it can be") if error.errno in _PASSING else AudioError(message)
    )


@contextlib.contextmanager
def open_sound(path):
    """Open an audio file by its descriptor; by its path only if the format is recognised from the name, not the content.

    Given a path, libsndfile also reads the files that macOS writes beside a file on other disks (``._song.mp3``).
    """
    with open(path, "rb") as file, _sound_of(file, path) as sound:
        if sound.frames >= _UNKNOWN_FRAMES:
            raise AudioError(
                f"{path}: its header lacks the length, as in a saved stream; convert it again "
                "(`ffmpeg -i old.flac new.flac`)"
            )
        yield sound


def _sound_of(file, path):
    try:
        return soundfile.SoundFile(file.fileno(), closefd=False)
    except soundfile.LibsndfileError:
        text = os.fsdecode(path)
        if text.lower().endswith(".raw"):  # soundfile takes it for samples without a header
            raise
        # soundfile takes names that are not UTF-8 as bytes.
        return soundfile.SoundFile(
            os.fsencode(path) if any("\ud800" <= letter <= "\udfff" for letter in text) else text
        )


def one_channel_of_equal(waveform):
    """Return one of two equal channels; other waveforms unchanged. Shape (n_samples, channels)."""
    if waveform.shape[1] == 2 and np.array_equal(waveform[:, 0], waveform[:, 1]):
        return waveform[:, :1]
    return waveform


def decode(path):
    """Decode a whole audio file.

    Parameters
    ----------
    path : str or os.PathLike

    Returns
    -------
    waveform : np.ndarray, shape=(n_samples, n_channels), float32
    rate : int
        Its sample rate in Hz.

    Raises
    ------
    AudioError
        If the file cannot be decoded, has no samples, or a sample is not finite.
    DiskError
        As `read_header`.
    """
    try:
        waveform, rate = _decode(path)
    except OSError as error:
        raise unreadable(path, error) from error
    except soundfile.LibsndfileError as error:
        # Its full text would name a descriptor.
        raise AudioError(f"{path}: cannot be decoded ({error.error_string})") from error
    except MemoryError as error:  # a wrong header
        raise AudioError(f"{path}: needs more memory than available ({error})") from error
    if not len(waveform):
        raise AudioError(f"{path}: contains no audio")
    if not np.isfinite(waveform).all():
        raise AudioError(f"{path}: contains samples that are not finite")
    return waveform, rate


def _decode(path):
    with open_sound(path) as file:
        waveform, rate = file.read(file.frames, dtype="float32", always_2d=True), file.samplerate
        found = mpeg.read_mpeg(path) if file.format == "MP3" else None
    # libsndfile stops at its estimate of an mp3's end, which may be far too early if the bit rate varies.
    if found is not None and found.promised_frames is None:
        n_frames = mpeg.count_frames(path, found)
        if n_frames * found.frame_samples > len(waveform) + rate * _MISSED_SECONDS:
            return soundfile.read(mpeg.with_length(path, found, n_frames), dtype="float32", always_2d=True)
    return waveform, rate


def resample(waveform, rate, to_rate):
    """Resample with soxr's high-quality setting, as librosa does.

    Parameters
    ----------
    waveform : np.ndarray, shape=(n_samples,) or (n_samples, n_channels)
    rate, to_rate : int
        Hz.

    Returns
    -------
    np.ndarray, float32, same shape except for the number of samples
    """
    if rate == to_rate:
        return waveform
    try:
        return soxr.resample(waveform, rate, to_rate, quality="HQ")
    except MemoryError as error:
        raise AudioError(
            f"{len(waveform)} samples at {rate} Hz need more memory than available at {to_rate} Hz"
        ) from error


def downmix(waveform):
    """Mix more than two channels down to two: left and right stay, and all other channels are added to both.

    The mean of the two is the mean of all channels, so stems are separated from the same signal as the mixture.

    Parameters
    ----------
    waveform : np.ndarray, shape=(n_samples, n_channels)

    Returns
    -------
    np.ndarray, shape=(n_samples, at most 2)
    """
    n_channels = waveform.shape[1]
    if n_channels <= 2:
        return waveform
    others = waveform[:, 2:].sum(axis=1, keepdims=True)
    return (2 * waveform[:, :2] + others) / np.float32(n_channels)


def require_audible(waveform, path):
    """Raise an error if the channels of a mixture nearly cancel: normalisation would amplify the rest to full level.

    Parameters
    ----------
    waveform : np.ndarray, shape=(n_samples, n_channels)
    path : str or os.PathLike
        The file, for the error.

    Raises
    ------
    AudioError
        If the mean of the channels is more than 60 dB below the loudest channel. A silent file is no error.
    """
    if waveform.shape[1] == 1:
        return
    loudest, mean = np.abs(waveform).max(), np.abs(waveform.mean(axis=1)).max()
    if mean < _CANCELLED * loudest:
        raise AudioError(
            f"{path}: silent as a mixture (its channels cancel each other: from a peak of {loudest:.2g} to {mean:.2g}); "
            "one channel is inverted. Invert it, or leave the file out"
        )


def load_mixture(path):
    """Decode a mixture to mono at 16 kHz.

    Returns
    -------
    np.ndarray, shape=(n_samples,), float32

    Raises
    ------
    AudioError
        As `decode`, and as `require_audible`.
    """
    waveform, rate = decode(path)
    require_audible(waveform, path)
    return _to_mono(waveform, rate, ANALYSIS_RATE)


def load_mono(path, rate=ANALYSIS_RATE):
    """Decode a file to mono (mean of the channels) at ``rate`` Hz.

    Returns
    -------
    np.ndarray, shape=(n_samples,), float32

    Raises
    ------
    AudioError
        As `decode`.
    """
    return _to_mono(*decode(path), rate)


def _to_mono(waveform, rate, to_rate):
    waveform = downmix(waveform)
    mono = waveform[:, 0] if waveform.shape[1] == 1 else waveform.mean(axis=1)
    return resample(np.ascontiguousarray(mono), rate, to_rate)


def load_stereo(path, rate=SEPARATION_RATE):
    """Decode a file to two channels at ``rate`` Hz: mono is doubled, more than two channels are mixed down (`downmix`).

    Returns
    -------
    np.ndarray, shape=(n_samples, 2), float32

    Raises
    ------
    AudioError
        As `decode`.
    """
    waveform, file_rate = decode(path)
    if waveform.shape[1] == 1:
        return np.repeat(resample(waveform, file_rate, rate), 2, axis=1)
    return resample(np.ascontiguousarray(downmix(waveform)), file_rate, rate)


def write_wav(path, waveform, rate):
    """Write a waveform as 32-bit float wav, which does not clip.

    Parameters
    ----------
    path : str or os.PathLike
        Its folder must exist.
    waveform : np.ndarray, shape=(n_samples,) or (n_samples, n_channels)
    rate : int
        Hz.
    """
    soundfile.write(os.fspath(path), waveform, rate, subtype="FLOAT", format="WAV")


def encode_mp3(waveform, kilobits):
    """Encode a waveform at 16 kHz, shape (n_samples,), as mp3 with a constant bit rate (kbit/s); return bytes."""
    file = io.BytesIO()
    soundfile.write(
        file,
        waveform,
        ANALYSIS_RATE,
        format="MP3",
        subtype="MPEG_LAYER_III",
        bitrate_mode="CONSTANT",
        compression_level=(_HIGHEST_RATE - kilobits) / (_HIGHEST_RATE - _LOWEST_RATE),
    )
    return file.getvalue()
