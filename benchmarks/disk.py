"""Measure the disk space of stems before they become log-mels, by the number of shards in flight.

Runs the stem rules on the embedded MagnaTagATune (clips of 29.1 s), split into shards of equal size, with
`--resources shards_in_flight=N`, and records the bytes in `wav/` several times a second. `wav/` has the temporary files; log-mels
are kept elsewhere. Run it from the root of the repository:

    python benchmarks/disk.py                         # 1 and 4 shards in flight, and no limit
    python benchmarks/disk.py --figure disk.svg       # also plot bytes over time
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pandas as pd

WORKFLOW = Path(__file__).parents[1]
STEMS = ("bass", "drums", "other", "vocals")
CONFIG = """
shards: {{mtat: {shards}}}
demo: {{sizes: {{mtat: {{train: {clips}, validation: 1, test: 1}}, stems: {{train: 4, test: 2}}, stem_seconds: 4}}}}
separation: {{training: {{hidden_size: 8, updates: 6, batch_size: 2, sequence_seconds: 1.0}}}}
"""
NO_LIMIT = 10**6


def main():
    options = _parse()
    with tempfile.TemporaryDirectory(prefix="mscol-benchmark-") as folder:
        folder = Path(folder)
        (folder / "config.yaml").write_text(CONFIG.format(shards=options.shards, clips=options.clips))
        snakemake(
            folder, options, "manifests/mtat/clips.csv", *(f"separators/demo/{stem}.pth" for stem in STEMS)
        )
        runs = {limit: measure(folder, options, limit) for limit in (*options.limits, NO_LIMIT)}
        print(table(runs).to_markdown(index=False, floatfmt=".1f"))
        if options.figure:
            draw(runs, options.figure)


def measure(folder, options, limit):
    """Run the stem rules with a limit of shards in flight; return the bytes in `wav/` over time."""
    for name in ("wav", "mels"):
        shutil.rmtree(folder / name, ignore_errors=True)
    names = [f"{number:03d}-of-{options.shards:03d}" for number in range(options.shards)]
    targets = [f"mels/mtat/{name}/stems.csv" for name in names]
    clips = {name: clips_of(folder / f"manifests/mtat/shards/{name}.csv") for name in names}
    started, rows = time.monotonic(), []
    with start(folder, options, *targets, "--resources", f"shards_in_flight={limit}") as process:
        while process.poll() is None:
            total, shards = bytes_below(folder / "wav")
            rows.append(
                (time.monotonic() - started, total, len(shards), sum(clips[shard] for shard in shards))
            )
            time.sleep(0.1)
    if process.returncode:
        sys.exit(f"The run with {limit} shards in flight failed. See the output of Snakemake above.")
    return pd.DataFrame(rows, columns=["seconds", "bytes", "shards", "clips"])


def clips_of(shard):
    """Return the number of clips of a shard that have stems."""
    return len(pd.read_csv(shard).query("split != 'test'"))


def bytes_below(folder):
    """Return the bytes of all files in a folder, and the shards that have files."""
    total, shards = 0, set()
    for parent, _, names in os.walk(folder):
        for name in names:
            try:
                total += os.lstat(f"{parent}/{name}").st_size
            except FileNotFoundError:  # removed in the meantime
                continue
            shards.add(Path(parent).relative_to(folder).parts[1])
    return total, shards


def table(runs):
    """Return a row for each limit: the maximum number of bytes, and the shards and clips at that time."""
    rows = []
    for limit, run in runs.items():
        most = run.loc[run["bytes"].idxmax()]
        rows.append(
            {
                "shards in flight, at most": "no limit" if limit == NO_LIMIT else limit,
                "seen": run["shards"].max(),
                "MB at most": most["bytes"] / 1e6,
                "of clips": int(most["clips"]),
                "MB a clip": most["bytes"] / 1e6 / most["clips"],
                "seconds": run["seconds"].iloc[-1],
            }
        )
    return pd.DataFrame(rows)


def draw(runs, path):
    """Plot bytes over time, one line for each limit."""
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(figsize=(7, 3), layout="constrained")
    for limit, run in runs.items():
        label = "no limit" if limit == NO_LIMIT else f"{limit} in flight"
        axes.plot(run["seconds"], run["bytes"] / 1e6, label=label)
    axes.set(xlabel="seconds", ylabel="temporary files in MB", ylim=(0, None))
    axes.legend()
    figure.savefig(path)


def snakemake(folder, options, *arguments):
    with start(folder, options, *arguments) as process:
        if process.wait():
            sys.exit("Making the embedded datasets failed.")


def start(folder, options, *arguments):
    return subprocess.Popen(
        [
            sys.executable, "-m", "snakemake", "--snakefile", WORKFLOW / "Snakefile", "--directory", folder,
            *arguments, "--cores", str(options.cores), "--quiet", "all", "--configfile", folder / "config.yaml",
        ]
    )  # fmt: skip


def _parse():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--clips", type=int, default=63, help="training clips of 29.1 s")
    parser.add_argument("--shards", type=int, default=16)
    parser.add_argument("--limits", type=int, nargs="+", default=[1, 4], help="shards in flight")
    parser.add_argument(
        "--cores", type=int, default=8, help="number of jobs at once, independent of this machine"
    )
    parser.add_argument("--figure", help="file for a plot of bytes over time")
    return parser.parse_args()


if __name__ == "__main__":
    main()
