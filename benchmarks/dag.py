"""Measure how long Snakemake needs for the graph at full size, and how many files a whole run leaves.

Creates roots of MTAT, NSynth and FMA with metadata of full size (340,000 clips), then measures for the published experiment
(`preset: paper`)

- parsing: ``snakemake --list-rules``, and the same on an empty Snakefile;
- the dry run before anything exists, and its jobs by rule;
- a run with nothing to do: every output, log and timing exists as an empty file, with Snakemake's own records;
- what a job on a cluster does before its script: it parses the rules and finds its own job.

Each runs in its own process. The table has medians of wall time and CPU time, and the highest peak memory. With strace (if
installed) it counts system calls that look at files; an audit hook counts the files of the datasets that were opened. Finally it
counts the files that a run leaves.

Run it from the root of the repository:

    PYTHONPATH=workflow_scripts python benchmarks/dag.py
    PYTHONPATH=workflow_scripts python benchmarks/dag.py --files    # with 340,000 empty files instead of the audio
"""

import argparse
import multiprocessing
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import yaml

WORKFLOW = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(WORKFLOW / "tests" / "workflow"))

import full_size  # noqa: E402 (in the folder of the workflow tests, which also use it)

SHARDS = {"mtat": 256, "nsynth": 64, "fma": 32}  # presets/paper.yaml
LOOKS = {"stat": ("stat", "newfstatat", "lstat", "statx", "access", "faccessat", "faccessat2"),
         "open": ("open", "openat"), "list": ("getdents64",)}  # fmt: skip
A_JOB = ["--target-jobs", "cache_mixture_mels:dataset=mtat,shard=000-of-256", "--allowed-rules", "cache_mixture_mels",
         "--force", "--nolock", "--no-hooks", "--ignore-incomplete", "--mode", "remote", "--dry-run"]  # fmt: skip


def main():
    options = _parse()
    with tempfile.TemporaryDirectory(prefix="mscol-benchmark-") as folder:
        measure(Path(folder), options)


def measure(folder, options):
    """Measure everything in a folder and print the results."""
    # In its own process: the memory of this one would count as memory of the processes that it starts.
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        datasets = pool.submit(full_size.make_roots, folder / "roots", options.files).result()
        pool.submit(full_size.write_manifests, folder / "done", datasets, SHARDS).result()
    (folder / "full.yaml").write_text(yaml.safe_dump({"preset": "paper", "datasets": datasets}))
    (folder / "empty.smk").write_text('rule all:\n    output:\n        "x"\n')
    fresh, done = folder / "fresh", folder / "done"
    make_finished_run(folder, done, options)
    commands = {
        "an empty Snakefile, parsed": (fresh, folder / "empty.smk", ["--list-rules"]),
        "our rules, parsed": (fresh, WORKFLOW / "Snakefile", ["--list-rules"]),
        "dry run, nothing made": (fresh, WORKFLOW / "Snakefile", ["--dry-run"]),
        "run, nothing to do": (done, WORKFLOW / "Snakefile", ["--cores", "2"]),
        "a job of a cluster, before its script": (done, WORKFLOW / "Snakefile", A_JOB),
    }
    print(
        "\n| | wall s | CPU s | peak memory, MB | stat calls | opens | listings | files of datasets opened |"
    )
    print("|---|---:|---:|---:|---:|---:|---:|---:|")
    for name, (directory, snakefile, arguments) in commands.items():
        words = _command(folder, directory, snakefile, arguments, options)
        turns = [_timed(words) for _ in range(options.turns)]
        wall, cpu = (statistics.median(turn[place] for turn in turns) for place in (0, 1))
        peak = max(turn[2] for turn in turns)
        calls, opened = count_looks(folder, words), count_opened(folder, words)
        cells = [f"{wall:.1f}", f"{cpu:.1f}", f"{peak:.0f}", *(f"{calls[kind]:,}" for kind in LOOKS), opened]
        print(f"| {name} | {' | '.join(map(str, cells))} |", flush=True)
    report_jobs(folder, fresh, options)
    report_files(done)


def make_finished_run(folder, directory, options):
    """Create all outputs in a folder that has manifests already."""
    words = _command(folder, directory, WORKFLOW / "Snakefile", ["--cores", "4", "--quiet", "all"], options)
    words[1:3] = [full_size.__file__]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(done.stderr)
    for written in directory.glob("manifests/*/written"):  # as at the end of a run
        written.unlink()
    shutil.rmtree(directory / "wav", ignore_errors=True)


def report_jobs(folder, directory, options):
    """Print the number of jobs of each rule."""
    words = _command(folder, directory, WORKFLOW / "Snakefile", ["--dry-run", "--quiet", "rules"], options)
    said = subprocess.run(words, capture_output=True, text=True, check=True)
    found = re.findall(r"^([a-z_]+) +(\d+)$", said.stdout + said.stderr, re.MULTILINE)
    jobs = dict(found[-len({name for name, _ in found}) :])
    print("\nJobs: " + ", ".join(f"{name} {count}" for name, count in jobs.items()))


def report_files(directory):
    """Print how many files and folders a run leaves."""
    kinds = Counter()
    for path in directory.rglob("*"):
        parts = path.relative_to(directory).parts
        kind = "/".join(parts[:2]) if parts[0] == ".snakemake" else parts[0]
        kinds["folders" if path.is_dir() else kind] += 1
    print("\n| what a run leaves | files |\n|---|---:|")
    for kind, count in kinds.most_common():
        print(f"| {kind} | {count:,} |")
    print(f"| **all** | {kinds.total():,} |")


def count_looks(folder, words):
    """Count the system calls that look at files; return zeros without strace."""
    log = folder / "strace.txt"
    if not shutil.which("strace"):
        return Counter()
    subprocess.run(["strace", "-f", "-c", "-o", str(log), *words], capture_output=True, check=True)
    calls = Counter()
    for line in log.read_text().splitlines():
        words = line.split()
        for kind, names in LOOKS.items():
            if words and words[-1] in names:
                calls[kind] += int(words[3])
    return calls


def count_opened(folder, words):
    """Count the files of the datasets that were opened."""
    environment, opened = full_size.watch_opened_files(folder / "watch")
    subprocess.run(words, capture_output=True, env=os.environ | environment, check=True)
    lines = opened()
    if not any(line.endswith((".smk", "Snakefile")) for line in lines):
        sys.exit("The audit hook recorded nothing, because another sitecustomize is loaded first.")
    return sum(line.startswith(f"open {folder / 'roots'}") for line in lines)


def _timed(words):
    """Run a command; return its wall time and CPU time in s, and its peak memory in MB."""
    started = time.perf_counter()
    process = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        sys.exit(f"{' '.join(words)} failed with {os.waitstatus_to_exitcode(status)}")
    return time.perf_counter() - started, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def _command(folder, directory, snakefile, arguments, options):
    directory.mkdir(exist_ok=True)
    words = [sys.executable, "-m", "snakemake", "--snakefile", snakefile, "--directory", directory, *arguments,
             "--persistence-backend", options.backend, "--configfile", folder / "full.yaml"]  # fmt: skip
    return [str(word) for word in words]


def _parse():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--turns", type=int, default=3, help="repetitions of each command (default: %(default)s)"
    )
    parser.add_argument("--files", action="store_true", help="create an empty file for each clip")
    parser.add_argument(
        "--backend",
        choices=("file", "db"),
        default="file",
        help="where Snakemake keeps its records (default: %(default)s)",
    )
    return parser.parse_args()


if __name__ == "__main__":
    main()
