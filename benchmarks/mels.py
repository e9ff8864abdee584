"""Measure how fast log-mels are cached, and what float16 changes.

Compares, alternating, on the same 16 kHz mp3s of the embedded MagnaTagATune (29.1 s),

a) the reference implementation: librosa.load, eager tf.signal, one .npy file per segment (MSCOL_SMC23 preprocess_mtat.py);
b) ours: `mscol.mels.mixtures.cache_mixtures`;
c) decoding alone.

Each turn runs in its own process, bound to one core (b also to two). With ``--run`` it instead measures what float16
changes for the encoders of a finished run: embeddings, and the tables of heads trained on them.

Run it from the root of the repository:

    PYTHONPATH=workflow_scripts python benchmarks/mels.py
    PYTHONPATH=workflow_scripts python benchmarks/mels.py --run . --models mixture bass_drums_other_vocals
"""

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

KINDS = {"a) reference pattern": ("reference", 1), "b) ours": ("ours", 1), "c) decoding": ("decoding", 1),
         "b) ours, two cores": ("ours", 2)}  # fmt: skip


def main():
    options = _parse()
    if options.worker:
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[: options.cores])
        {"reference": reference, "ours": ours, "decoding": decoding}[options.worker](
            Path(options.folder), options.cores
        )
        return
    with tempfile.TemporaryDirectory(prefix="mscol-benchmark-") as folder:
        if options.run:
            compare_precisions(Path(options.run), options.models, Path(folder))
        else:
            make_clips(Path(folder), options.clips)
            compare_speed(Path(folder), options)


def make_clips(folder, n_clips):
    """Make clips of the embedded MagnaTagATune and their manifest."""
    from mscol.datasets.manifest import write_manifest
    from mscol.synthesis import make_demo_datasets

    sizes = {"mtat": {"train": n_clips, "validation": 1, "test": 1}}
    make_demo_datasets(seed=1, sizes=sizes, workers=2, mtat=folder / "mtat")
    paths = [folder / name for name in ("clips.csv", "rejected.csv", "about.json")]
    write_manifest("mtat", folder / "mtat", {"split": "folder"}, 1, *paths, [folder / "shard.csv"])


def compare_speed(folder, options):
    """Run all variants in turn and print milliseconds per clip."""
    turns = {name: [] for name in KINDS}
    for _ in range(options.turns):
        for name, (worker, cores) in KINDS.items():
            words = [sys.executable, __file__, "--worker", worker, "--cores", cores, "--folder", folder]
            started = time.perf_counter()
            done = subprocess.run([str(w) for w in words], capture_output=True, text=True, check=False)
            if done.returncode:
                sys.exit(done.stderr)
            said = json.loads(done.stdout.splitlines()[-1])
            turns[name].append(said | {"process": time.perf_counter() - started})
    n_clips = turns["b) ours"][0]["clips"]
    clip = {name: statistics.median(t["seconds"] / t["clips"] for t in some) for name, some in turns.items()}
    print(f"\nMedians of {options.turns} turns over {n_clips} clips of 29.1 s, mp3 at 16 kHz\n")
    print("| | ms a clip | times (c) | seconds to start | peak memory, GiB |\n|---|---:|---:|---:|---:|")
    for name, some in turns.items():
        start = statistics.median(t["process"] - t["seconds"] for t in some)
        peak = max(t["peak_gib"] for t in some)
        print(
            f"| {name} | {1e3 * clip[name]:.1f} | {clip[name] / clip['c) decoding']:.2f} | {start:.1f} | {peak:.2f} |"
        )
    print(
        f"\n(a) / (b): {clip['a) reference pattern'] / clip['b) ours']:.2f}; one core / two: "
        f"{clip['b) ours'] / clip['b) ours, two cores']:.2f}"
    )


def reference(folder, _):
    """Run librosa and eager tf.signal, with one .npy file per segment."""
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "2"
    import librosa
    import tensorflow as tf

    def work(path, number):
        waveform, _ = librosa.load(path, sr=16_000, mono=True)
        waveform = tf.math.l2_normalize(waveform, epsilon=1e-9)
        magnitudes = tf.abs(tf.signal.stft(waveform, 400, 160, fft_length=1024))
        # The authors compute the matrix for each file again, and cut tensors.
        weights = tf.signal.linear_to_mel_weight_matrix(64, 513, 16_000, 60.0, 7800.0)
        mels = tf.math.log(tf.clip_by_value(tf.tensordot(magnitudes, weights, 1), 1e-5, 1e8))
        for segment in range(mels.shape[0] // 392):
            cut = mels[segment * 392 : (segment + 1) * 392, :][..., tf.newaxis]
            np.save(folder / "segments" / f"{number}_{segment}.npy", cut)

    (folder / "segments").mkdir(exist_ok=True)
    _measure(folder, work)


def ours(folder, cores):
    """Cache the log-mels of a shard."""
    from mscol.mels.mixtures import cache_mixtures

    outputs = [folder / name for name in ("mixture.npy", "mixture.csv", "mixture_rejected.csv")]
    cache_mixtures(
        folder / "shard.csv", folder / "mtat", *outputs, "float32", cores
    )  # the first call does all late imports
    started = time.perf_counter()
    cache_mixtures(folder / "shard.csv", folder / "mtat", *outputs, "float32", cores)
    _say(len(_paths(folder)), time.perf_counter() - started)


def decoding(folder, _):
    """Only decode."""
    from mscol.io.audio import decode

    _measure(folder, lambda path, _: decode(path))


def _measure(folder, work):
    paths = _paths(folder)
    work(paths[0], 0)
    started = time.perf_counter()
    for number, path in enumerate(paths):
        work(path, number)
    _say(len(paths), time.perf_counter() - started)


def _paths(folder):
    from mscol.io.files import read_csv

    return [folder / "mtat" / path for path in read_csv(folder / "shard.csv")["path"]]


def _say(n_clips, seconds):
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(json.dumps({"clips": n_clips, "seconds": seconds, "peak_gib": peak}))


def compare_precisions(run, models, folder):
    """Embed the mel cache of a finished run in float32 and in float16, train heads and print the differences."""
    import logging

    import yaml

    from mscol.datasets import SPLITS
    from mscol.embeddings import embed_clips
    from mscol.io.files import read_csv, read_results
    from mscol.mels.cache import MelCache
    from mscol.model import configure, load_encoder
    from mscol.probes import train_probe
    from mscol.tables import Evaluation, write_results_table

    logging.disable(logging.CRITICAL)
    config = yaml.safe_load((run / "results" / "config.yaml").read_text())
    configure(os.cpu_count(), seed=0)
    evaluation = config["evaluation"]
    print(
        "\n| model | dataset | cosine, lowest | relative difference, median | metric | float32 | float16 |\n|---|---|---:|---:|---|---:|---:|"
    )
    for model in models:
        encoder = load_encoder(run / f"models/{model}/seed{config['seeds'][0]}/encoder.keras")
        for dataset, about in config["datasets"].items():
            shards = sorted((run / "mels" / dataset).glob("*/mixture.npy"))
            indices = [path.with_suffix(".csv") for path in shards]
            manifest = [run / "manifests" / dataset / name for name in ("clips.csv", "about.json")]
            values, tables = {}, {}
            for dtype in ("float32", "float16"):
                place = folder / f"{model}-{dataset}-{dtype}"
                place.mkdir()
                arrays = []
                for number, path in enumerate(shards):
                    arrays.append(place / f"{number}.npy")
                    np.save(arrays[-1], np.load(path).astype(dtype))
                files = {kind: {s: place / f"{s}.{kind}" for s in SPLITS} for kind in ("npy", "csv")}
                embed_clips(
                    encoder, MelCache.open(arrays, indices), read_csv(manifest[0]), files["npy"], files["csv"], 1,
                    evaluation["crops_per_segment"], evaluation["embedding_batch_size"],
                )  # fmt: skip
                outputs = {k: place / f"head.{k}" for k in ("keras", "json", "csv", "npz")}
                outputs = dict(zip(("model", "about", "history", "scores"), outputs.values(), strict=True))
                settings = evaluation["heads"][about["layout"]] | evaluation["training"]
                train_probe(files["npy"], files["csv"], *manifest, settings, 1, outputs)
                table = place / "table.csv"
                write_results_table(
                    [Evaluation("frozen", 1.0, [outputs["scores"]])],
                    [1],
                    manifest[1],
                    200,
                    table,
                    place / "p.csv",
                    place / "b.npz",
                )
                values[dtype], tables[dtype] = np.load(files["npy"]["test"]), read_results(table).iloc[0]
            one, other = values.values()
            lengths = np.linalg.norm(one, axis=1) * np.linalg.norm(other, axis=1)
            cosine = (one * other).sum(axis=1) / lengths
            relative = np.linalg.norm(one - other, axis=1) / np.linalg.norm(one, axis=1)
            metric = "roc_auc" if "roc_auc" in tables["float32"] else "accuracy"
            cells = [
                f"{tables[d][metric]:.4f} [{tables[d][metric + '_low']:.3f}, {tables[d][metric + '_high']:.3f}]"
                for d in values
            ]
            print(
                f"| {model} | {dataset} | {cosine.min():.6f} | {np.median(relative):.1e} | {metric} | {' | '.join(cells)} |",
                flush=True,
            )


def _parse():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--turns", type=int, default=7, help="turns of each variant (default: %(default)s)")
    parser.add_argument("--clips", type=int, default=60, help="number of clips (default: %(default)s)")
    parser.add_argument("--run", help="folder of a finished run; only measures what float16 changes")
    parser.add_argument(
        "--models", nargs="*", default=["mixture"], help="models of that run (default: %(default)s)"
    )
    parser.add_argument("--worker", choices=("reference", "ours", "decoding"), help=argparse.SUPPRESS)
    parser.add_argument("--cores", type=int, default=1, help=argparse.SUPPRESS)
    parser.add_argument("--folder", help=argparse.SUPPRESS)
    return parser.parse_args()


if __name__ == "__main__":
    main()
