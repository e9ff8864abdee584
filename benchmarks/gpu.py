"""Measure how fast a GPU is in pretraining and embedding.

Measures, with JAX on one card, the time of an update of 128 pairs (bfloat16 with log-mels in the card's memory and on disk; float32),
the time of a checkpoint, the number of crops that the full EfficientNet-B0 embeds per second from a mel cache, and the bandwidth of a
copy. Prints a Markdown table, and lines for a copy of `benchmarks/rates.yaml`. Takes four minutes, mostly for compiling. Run it from
the root of the repository:

    KERAS_BACKEND=jax PYTHONPATH=workflow_scripts python benchmarks/gpu.py

The log-mels are random, which changes neither shapes nor times. `benchmarks/separation.py` measures separation.
"""

import argparse
import datetime
import importlib.metadata
import itertools
import os
import statistics
import tempfile
import time
from pathlib import Path

os.environ.setdefault("KERAS_BACKEND", "jax")
os.environ.setdefault("XLA_PYTHON_CLIENT_PREALLOCATE", "false")

import jax
import keras
import numpy as np
import pandas as pd

from mscol.embeddings.prediction import predict_crops
from mscol.mels import CROP_FRAMES, N_MELS, SEGMENT_FRAMES
from mscol.mels.cache import MelCache
from mscol.model import SourceAssociation, build_encoder, compile_steps, configure
from mscol.pairs import PairSampler, segment_table
from mscol.pretraining.checkpoints import Checkpoints
from mscol.pretraining.feeding import DeviceCache, Feed

STEMS = ("bass", "drums", "other", "vocals")
SEGMENTS = 7  # per clip of 29 s
PROJECTION, LEARNING_RATE = 512, 1e-3
CHECKPOINT_SECONDS = 600  # default interval
THREADS = 4  # that read minibatches from disk


def main():
    options = _parse()
    configure(framework_threads=8, seed=0)
    card = jax.devices()[0].device_kind
    packages = ", ".join(f"{each} {importlib.metadata.version(each)}" for each in ("jax", "keras"))
    print(f"{card}; {packages}\n\n| | | |\n|---|---:|---|", flush=True)
    _row("a copy", f"{copy_bandwidth(options.copy_bytes) / 1e12:.2f}", "TB/s, read and written")
    memory = (
        "/dev/shm" if Path("/dev/shm").is_dir() else None
    )  # the page cache would keep the files in memory, too
    with tempfile.TemporaryDirectory(prefix="mscol-gpu-", dir=memory) as folder:
        caches = {name: write_cache(Path(folder), name, options.clips) for name in ("mixture", *STEMS)}
        measure_updates(caches, "bfloat16", ("device", "disk"), options)
        best = max(measure_embedding(caches["mixture"], size, options) for size in options.embedding_batches)
        pair = measure_updates(caches, "float32", ("device",), options)["device"] / options.pairs
    print(
        f"\nFor benchmarks/rates.yaml:\n\ngpu:\n  machine: one {card}, {datetime.date.today():%-d %B %Y}\n"
        f"  pretraining_pair: {pair:.2g}\n  finetuning_crop: {pair / 2:.2g}\n  embedding_crop: {1 / best:.2g}"
    )


def copy_bandwidth(n_bytes):
    """Return the bandwidth of a copy within device memory: bytes read and written per second."""
    values = jax.numpy.ones(n_bytes // 4, "float32")
    copy = jax.jit(lambda values: values + 1)
    jax.block_until_ready(copy(values))
    seconds = []
    for _ in range(5):
        started = time.perf_counter()
        jax.block_until_ready(copy(values))
        seconds.append(time.perf_counter() - started)
    return 2 * values.nbytes / min(seconds)


def write_cache(folder, name, n_clips):
    """Write and return the mel cache of one source."""
    n_frames = SEGMENTS * SEGMENT_FRAMES
    shape = (n_clips * n_frames, N_MELS)
    frames = np.lib.format.open_memmap(folder / f"{name}.npy", "w+", "float32", shape)
    clip = np.random.default_rng(0).normal(-4, 2, (n_frames, N_MELS)).astype("float32")
    for number in range(n_clips):
        frames[number * n_frames : (number + 1) * n_frames] = np.roll(clip, number, axis=1)
    frames.flush()
    index = {
        "clip": [f"{number:05}" for number in range(n_clips)],
        "first_frame": np.arange(n_clips) * n_frames,
    }
    pd.DataFrame(index).assign(n_frames=n_frames).to_csv(folder / f"{name}.csv", index=False)
    return MelCache.open([folder / f"{name}.npy"], [folder / f"{name}.csv"])


def measure_updates(caches, precision, places, options):
    """Return the seconds per update by the place of the log-mels (medians of ten blocks); print the time of a checkpoint."""
    clips = caches["mixture"].clips
    segments = segment_table(clips["clip"], clips, clips).assign(**dict.fromkeys(STEMS, True))
    sampler = PairSampler(
        segments, caches["mixture"], {stem: caches[stem] for stem in STEMS}, options.pairs, seed=0
    )
    encoder = build_encoder(options.size, options.size)
    network = SourceAssociation(encoder, PROJECTION, precision=precision)
    optimizer = keras.optimizers.Adam(LEARNING_RATE)
    steps = compile_steps(network, optimizer)
    seconds = {}
    for place in places:
        feed = Feed(sampler, THREADS, DeviceCache(sampler) if place == "device" else None)
        batches = feed.batches(itertools.count())
        started = time.perf_counter()
        jax.block_until_ready(steps.update(next(batches)))
        compiling = time.perf_counter() - started
        blocks = []
        for _ in range(11):
            started = time.perf_counter()
            for _ in range(options.updates):
                losses = steps.update(next(batches))
            jax.block_until_ready(losses)
            blocks.append((time.perf_counter() - started) / options.updates)
        batches.close()
        seconds[place] = statistics.median(blocks[1:])
        _row(
            f"an update of {options.pairs} pairs, {precision}, log-mels on {place}",
            f"{1e3 * seconds[place]:.2f}",
            f"ms (first {compiling:.0f} s; loss {float(losses[0]):.3f})",
        )
    variables = [*network.variables, *optimizer.variables]
    _row(f"a checkpoint, {precision}", *measure_checkpoint(steps, variables, CHECKPOINT_SECONDS))
    return seconds


def measure_checkpoint(steps, variables, interval):
    """Return how long a checkpoint interrupts training, as cells of a row."""
    with tempfile.TemporaryDirectory(prefix="mscol-gpu-") as folder:
        checkpoints = Checkpoints(folder, {})
        started = time.perf_counter()
        steps.sync()
        arrays = {str(number): keras.ops.convert_to_numpy(value) for number, value in enumerate(variables)}
        size = checkpoints.save(1, arrays).stat().st_size
        seconds = time.perf_counter() - started
    return f"{seconds:.2f}", f"s ({size / 1e6:.0f} MB): {100 * seconds / interval:.2f} % of {interval} s"


def measure_embedding(cache, batch_size, options):
    """Return the number of crops per second of the frozen encoder."""
    encoder = build_encoder(options.size, options.size)
    last = len(cache.clips) * SEGMENTS * SEGMENT_FRAMES - CROP_FRAMES
    first_frames = np.random.default_rng(0).integers(0, last, options.crops // batch_size * batch_size)
    for each in (first_frames[:batch_size], first_frames):
        started = time.perf_counter()
        for _ in predict_crops(encoder, cache, each, batch_size):
            pass
        seconds = time.perf_counter() - started
    rate = len(first_frames) / seconds
    _row(f"crops embedded, {batch_size} at once", f"{rate:,.0f}", "a second")
    return rate


def _row(*cells):
    print("| " + " | ".join(cells) + " |", flush=True)


def _parse():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--pairs", type=int, default=128)
    parser.add_argument("--updates", type=int, default=50, help="updates per block")
    parser.add_argument("--clips", type=int, default=1500)
    parser.add_argument("--crops", type=int, default=65536)
    parser.add_argument("--embedding-batches", type=int, nargs="+", default=[1024])
    parser.add_argument(
        "--size", type=float, default=1.0, help="coefficients of the encoder's width and depth"
    )
    parser.add_argument("--copy-bytes", type=int, default=2**32)
    return parser.parse_args()


if __name__ == "__main__":
    main()
