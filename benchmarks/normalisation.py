"""Measure the distance between the embeddings of excerpts and of the songs that they come from.

    PYTHONPATH=workflow_scripts python benchmarks/normalisation.py models/mixture/seed1/encoder.keras songs/*

For each song and each kind of normalisation, prints the distance between the windows of an excerpt and the same windows of the song,
relative to the song and averaged over the windows of an excerpt. The worst of several excerpts counts. The distance between
neighbouring windows is given for comparison.
"""

import argparse
import os
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
from mscol.jobs.backend import choose_backend

choose_backend()

import numpy as np  # noqa: E402

from mscol.embeddings.files import normalise_seconds, window_log_mels  # noqa: E402
from mscol.embeddings.prediction import predict  # noqa: E402
from mscol.io.audio import ANALYSIS_RATE, load_mono  # noqa: E402
from mscol.mels import CROP_FRAMES, HOP_SAMPLES  # noqa: E402
from mscol.model import load_encoder  # noqa: E402


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("encoder", type=Path)
    parser.add_argument("songs", type=Path, nargs="+")
    parser.add_argument(
        "--seconds", type=float, default=30, help="length of an excerpt (default: %(default)s)"
    )
    parser.add_argument("--excerpts", type=int, default=8, help="excerpts per song (default: %(default)s)")
    options = parser.parse_args()
    encoder = load_encoder(options.encoder)
    trained = normalise_seconds(encoder)
    ways = {"whole files": None, f"as trained ({trained:g} s)": trained}
    print("| song | seconds | neighbours |", " | ".join(ways), "|\n|---|---:|---:|" + "---:|" * len(ways))
    for path in options.songs:
        song = load_mono(path)
        worst, neighbours = {}, 0.0
        for name, seconds in ways.items():
            whole = embed(encoder, song, seconds)
            worst[name] = max(
                distance(embed(encoder, samples, seconds), whole[first:])
                for first, samples in excerpts(song, options.seconds, options.excerpts)
            )
            neighbours = distance(whole[:-1], whole[1:])
        figures = " | ".join(f"{figure:.3f}" for figure in (neighbours, *worst.values()))
        print(f"| {path.stem} | {len(song) / ANALYSIS_RATE:.0f} | {figures} |", flush=True)


def excerpts(song, seconds, count):
    """Yield excerpts, evenly spread over a song, that start at a window: number of the window, and samples."""
    window, length = CROP_FRAMES * HOP_SAMPLES, int(seconds * ANALYSIS_RATE)
    for first in np.unique(np.linspace(0, (len(song) - length) // window, count).astype(int)):
        yield first, song[first * window :][:length]


def embed(encoder, waveform, seconds):
    return predict(encoder, window_log_mels(waveform, "waveform", seconds=seconds)[..., None], 32)


def distance(one, other):
    other = other[: len(one)]
    return (np.linalg.norm(one - other, axis=1) / np.linalg.norm(other, axis=1)).mean()


if __name__ == "__main__":
    main()
