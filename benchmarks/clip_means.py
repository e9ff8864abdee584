"""Measure the evaluations of clip means on random embeddings of the size of NSynth.

    PYTHONPATH=workflow_scripts python benchmarks/clip_means.py [--train 289205] [--crops 8] [--threads 2] [--folder FOLDER]

Each evaluation runs in its own process. The table has wall time, CPU time and peak memory. Embeddings have 1,280 values per crop, drawn
around one of 11 overlapping classes; with 8 crops per note they take 12 GB of disk.
"""

import argparse
import json
import multiprocessing
import resource
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd

from mscol.clip_means import score_clip_means
from mscol.io.arrays import RowWriter
from mscol.jobs.parallel import library_threads

N_VALUES, N_CLASSES, NOTES_AN_INSTRUMENT = 1280, 11, 287
WAYS = ("knn", "logistic", "shots8", "retrieval", "artists")
BLOCK = 4096


def main():
    """Print a table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--train", type=int, default=289_205, help="training notes")
    parser.add_argument("--validation", type=int, default=12_678)
    parser.add_argument("--test", type=int, default=4_096)
    parser.add_argument("--crops", type=int, default=8, help="crops per training note")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--ways", nargs="+", default=WAYS)
    parser.add_argument("--folder", help="folder for the embeddings")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        files = make_dataset(Path(folder), options)
        print(f"{'way':>12} {'wall s':>8} {'CPU s':>8} {'peak MB':>8}")
        for way in options.ways:
            context = multiprocessing.get_context("spawn")
            with context.Pool(1) as pool:
                seconds, cpu, megabytes = pool.apply(measure, (files, way, options.threads))
            print(f"{way:>12} {seconds:8.0f} {cpu:8.0f} {megabytes:8.0f}", flush=True)


def make_dataset(folder, options):
    """Write embeddings and a manifest as the earlier stages do."""
    random = np.random.default_rng(0)
    centres = random.normal(size=(N_CLASSES, N_VALUES)).astype(np.float32)
    arrays, indices, rows = {}, {}, []
    for split in ("train", "validation", "test"):
        size = getattr(options, split)
        ids = [f"{split}{number:06}" for number in range(size)]
        classes = random.integers(N_CLASSES, size=size)
        crops = () if split == "test" else (options.crops,)
        n_rows = size * 4 if split == "test" else size
        arrays[split], indices[split] = folder / f"{split}.npy", folder / f"{split}.csv"
        of_rows = np.repeat(classes, 4) if split == "test" else classes
        with RowWriter(arrays[split], (*crops, N_VALUES), "float32") as writer:
            for start in range(0, n_rows, BLOCK):
                some = of_rows[start : start + BLOCK]
                noise = random.standard_normal((len(some), *[1] * len(crops), N_VALUES), np.float32)
                more = 3 * random.standard_normal((len(some), *crops, N_VALUES), np.float32)
                writer.append(
                    centres[some].reshape(len(some), *[1] * len(crops), N_VALUES) / 16 + noise + more
                )
        table = {"clip": ids, "segment": 0}
        if split == "test":
            table = {"clip": ids, "first_window": 4 * np.arange(size), "n_windows": 4}
        pd.DataFrame(table).to_csv(indices[split], index=False)
        groups = [f"{split} {number // NOTES_AN_INSTRUMENT}" for number in range(size)]
        rows.append(
            pd.DataFrame(
                {"id": ids, "split": split, "group": groups, "recording": ids, "artist": groups, "cleaned": 1,
                 "labels": [f"class {number}" for number in classes]}
            )
        )  # fmt: skip
        print(
            f"{split}: {size} notes, {arrays[split].stat().st_size / 1e9:.1f} GB", file=sys.stderr, flush=True
        )
    pd.concat(rows).to_csv(folder / "clips.csv", index=False)
    about = {"task": "classification", "labels": [f"class {number}" for number in range(N_CLASSES)]}
    (folder / "about.json").write_text(json.dumps(about))
    return arrays, indices, folder / "clips.csv", folder / "about.json", folder / "scores.npz"


def measure(files, way, threads):
    """Run one evaluation; return wall time and CPU time in s, and peak memory in MB."""
    arrays, indices, clips, about, scores = files
    started = time.perf_counter()
    with library_threads(threads):
        score_clip_means(arrays, indices, clips, about, 1, [(way, 1.0)], [scores])
    used = resource.getrusage(resource.RUSAGE_SELF)
    return time.perf_counter() - started, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024


if __name__ == "__main__":
    main()
