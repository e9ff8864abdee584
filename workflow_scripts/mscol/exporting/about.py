"""The metadata of an exported file: its input format, and which encoder it is."""

import json

import mscol
from mscol.embeddings.export import weights_digest
from mscol.io.audio import ANALYSIS_RATE
from mscol.mels import (
    CEILING,
    CROP_FRAMES,
    FFT_SAMPLES,
    FLOOR,
    HIGHEST_HZ,
    HOP_SAMPLES,
    LOWEST_HZ,
    N_MELS,
    SHORTEST_SAMPLES,
    WINDOW_SAMPLES,
)
from mscol.mels.framing import framing_of
from mscol.papers import paper_of

ABOUT_FILE = "mscol.json"  # inside a .pt2 file, or in the folder of a SavedModel
CROPS, WAVEFORMS, VALUES = "crops", "waveforms", "values"  # names of inputs and of the output


def describe(encoder, run, waveform):
    """Describe an exported encoder.

    Parameters
    ----------
    encoder : keras.Model
        As `mscol.model.load_encoder` returns it.
    run : dict
        Content of run.json, which describes how it was trained; empty if there is none.
    waveform : bool
        Whether it takes waveforms instead of log-mel crops.

    Returns
    -------
    dict
        Values are strings, numbers, or None.
    """
    slice_seconds = framing_of(encoder).slice_seconds
    whole = f"each slice of {slice_seconds} s" if slice_seconds else "the whole recording"
    shapes = {
        CROPS: f"crops, {CROP_FRAMES}, {N_MELS}, 1",
        WAVEFORMS: f"clips, {SHORTEST_SAMPLES} samples or more",
    }
    taken = WAVEFORMS if waveform else CROPS
    return {
        "mscol": mscol.__version__,
        "name": run.get("model", ""),
        "seed": run.get("seed"),
        "paper": paper_of(encoder),
        "weights_sha256": weights_digest(encoder),
        "input": taken,
        "input_shape": shapes[taken],
        "values": encoder.output_shape[-1],
        "sample_rate": ANALYSIS_RATE,
        "normalisation": f"the waveform divided by the L2 norm of {whole}{', in the graph' if waveform else ''}",
        "slice_seconds": slice_seconds,
        "clip_seconds": encoder.clip_seconds,
        "window": "periodic Hann",
        "window_samples": WINDOW_SAMPLES,
        "hop_samples": HOP_SAMPLES,
        "fft_samples": FFT_SAMPLES,
        "mel_bands": N_MELS,
        "mel_scale": "HTK, triangles linear in mel",
        "lowest_hz": LOWEST_HZ,
        "highest_hz": HIGHEST_HZ,
        "magnitude_floor": FLOOR,
        "magnitude_ceiling": CEILING,
        "logarithm": "natural",
        "crop_frames": CROP_FRAMES,
        "hop_seconds": framing_of(encoder).hop_seconds,
    }


def as_texts(about):
    """Convert a description's values to strings, the only type that ONNX supports: numbers and ``null`` as in JSON."""
    return {key: value if isinstance(value, str) else json.dumps(value) for key, value in about.items()}
