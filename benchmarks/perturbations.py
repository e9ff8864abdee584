"""Measure the cost of perturbing test clips.

Caches log-mels of the embedded MagnaTagATune (clips of 29.1 s) on two cores, unchanged and with each kind of perturbation, in turn.
CPU time is the sum over all threads. The cost of a perturbation is the difference from the first row; two cores are assumed to take
half of it. ``--audio`` uses your own recordings, cut to 29.1 s.

Run it from the root of the repository:

    PYTHONPATH=workflow_scripts python benchmarks/perturbations.py
"""

import argparse
import statistics
import tempfile
import time
from pathlib import Path

import pandas as pd
from mels import make_clips

from mscol.io.audio import ANALYSIS_RATE, load_mono, write_wav
from mscol.mels.mixtures import cache_mixtures
from mscol.perturbations.effects import perturber
from mscol.perturbations.grammar import EXAMPLES

MTAT_TEST_CLIPS, CLIP_SECONDS = 5_329, 29.124
CLEAN = "as they are"


def main():
    """Measure in turn and print the medians."""
    options = _parse()
    with tempfile.TemporaryDirectory(prefix="mscol-benchmark-") as folder:
        folder = Path(folder)
        if options.audio:
            write_excerpts(sorted(Path(options.audio).iterdir()), folder)
        else:
            make_clips(folder, options.clips)
        turns = [{name: cache(folder, name) for name in (CLEAN, *EXAMPLES)} for _ in range(options.turns + 1)]
    print("perturbation | ms of CPU a clip | of these its own | minutes for MTAT's test clips on two cores")
    # The first turn compiles librosa's phase vocoder.
    medians = {name: statistics.median(turn[name] for turn in turns[1:]) for name in turns[0]}
    for name, cpu in medians.items():
        own = cpu - medians[CLEAN]
        print(f"{name} | {1000 * cpu:.1f} | {1000 * own:.1f} | {MTAT_TEST_CLIPS * cpu / 2 / 60:.1f}")


def write_excerpts(paths, folder):
    """Write half a minute of each recording, and a shard that lists the files."""
    (folder / "mtat").mkdir()
    for number, path in enumerate(paths):
        waveform = load_mono(path)[: round(CLIP_SECONDS * ANALYSIS_RATE)]
        write_wav(folder / "mtat" / f"{number}.wav", waveform, ANALYSIS_RATE)
    clips = [(str(number), f"{number}.wav") for number in range(len(paths))]
    pd.DataFrame(clips, columns=["id", "path"]).to_csv(folder / "shard.csv", index=False)


def cache(folder, name):
    """Cache the log-mels of all clips once; return CPU seconds per clip."""
    outputs = [folder / file for file in ("frames.npy", "index.csv", "rejected.csv")]
    transform = None if name == CLEAN else perturber(name)
    started = time.process_time()
    cache_mixtures(folder / "shard.csv", folder / "mtat", *outputs, "float32", 2, transform=transform)
    return (time.process_time() - started) / len(pd.read_csv(outputs[1]))


def _parse():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--clips", type=int, default=32)
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--audio", help="folder with recordings")
    return parser.parse_args()


if __name__ == "__main__":
    main()
