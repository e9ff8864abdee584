"""Measure how fast this machine separates shards, including files, and print rates for `snakemake estimate`.

Runs the function of the rule `separate_stems` on shards of noise (the content does not matter): it reads wavs, separates them with
networks of the published size and random weights, and writes stems. Each size and number of channels runs in its own process, which
separates one clip to warm up and then the shard. "Times real time" is the length of the audio divided by the time from the first
file read to the last file written. Starting (imports, the model, warming up) is listed separately.

Run it from the root of the repository, on a GPU (8 GB in --folder; two minutes) and on a CPU:

    PYTHONPATH=workflow_scripts python benchmarks/separation.py --threads 16 --folder /local/disk
    PYTHONPATH=workflow_scripts python benchmarks/separation.py --device cpu --threads 1 --hidden 64 --clips 4 --turns 3

To test in a minute whether it runs at all: `--hidden 8 --clips 2 --seconds 5`.
"""

import argparse
import json
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from separation_choices import Stopwatch, make_model

RATE = 44_100
# Steps are timed on a CPU only, because waiting for each would slow a GPU down. Files are read and written in parallel.
STEPS = ("read", "transforms", "network", "filter", "write")


def main():
    options = _parse()
    if options.worker:
        print(json.dumps(separate(options)))
        return
    device = find_device(options.device)
    print(
        f"{device['name']}, {options.threads} threads; shards of {options.clips} clips of {options.seconds} s, "
        f"batch_seconds {options.batch_seconds}; medians of {options.turns} turns\n"
    )
    with tempfile.TemporaryDirectory(prefix="mscol-benchmark-", dir=options.folder) as folder:
        measured = {}
        for channels in options.channels:
            make_shard(Path(folder) / f"{channels}", channels, options)
        for hidden in options.hidden:
            make_model(Path(folder) / f"model{hidden}", hidden)
            for channels in options.channels:
                measured[hidden, channels] = run_worker(folder, device["kind"], hidden, channels, options)
    print_table(measured, options, device)
    print_rates(measured, options, device)


def find_device(wanted):
    """Return the device: its kind in torch, and its name."""
    import torch

    kind = wanted if wanted != "auto" else "cuda" if torch.cuda.is_available() else "cpu"
    if kind == "cuda":
        return {"kind": kind, "name": torch.cuda.get_device_name()}
    about = Path("/proc/cpuinfo").read_text() if Path("/proc/cpuinfo").exists() else ""
    names = [line.split(":")[1].strip() for line in about.splitlines() if line.startswith("model name")]
    return {"kind": kind, "name": f"{names[0] if names else 'a CPU'}, {len(names)} cores"}


def make_shard(folder, channels, options):
    """Write wavs of noise and the manifest of the shard."""
    import soundfile

    (folder / "audio").mkdir(parents=True)
    rng = np.random.default_rng(0)
    for number in range(options.clips):
        noise = 0.1 * rng.standard_normal((round(options.seconds * RATE), channels), dtype=np.float32)
        soundfile.write(folder / "audio" / f"{number:04d}.wav", noise, RATE, subtype="FLOAT")
    for name, n_clips in (("shard", options.clips), ("one", 1)):
        rows = [f"{number:04d},{number:04d}.wav,train,{options.seconds}" for number in range(n_clips)]
        (folder / f"{name}.csv").write_text("\n".join(["id,path,split,duration", *rows]) + "\n")


def run_worker(folder, kind, hidden, channels, options):
    """Measure one network with one number of channels in a separate process."""
    words = [sys.executable, __file__, "--worker", folder, "--device", kind, "--hidden", hidden, "--channels", channels,
             "--clips", options.clips, "--seconds", options.seconds, "--turns", options.turns, "--threads", options.threads,
             "--batch-seconds", options.batch_seconds]  # fmt: skip
    done = subprocess.run([str(word) for word in words], stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        sys.exit(f"hidden size {hidden}, {channels} channels: failed. See the output above.")
    return json.loads(done.stdout.splitlines()[-1])


def separate(options):
    """Separate a shard several times (in the worker); return seconds and memory."""
    watch = Stopwatch()
    import openunmix.model
    import openunmix.transforms
    import torch

    from mscol.io import audio
    from mscol.separation import separate as separation
    from mscol.separation import shard

    (hidden,), (channels,) = options.hidden, options.channels
    folder = Path(options.worker) / f"{channels}"
    watch.watch(shard, "load_separator", "load")
    if options.device == "cpu":
        watch.watch(audio, "decode", "read")
        watch.watch(audio, "write_wav", "write")
        watch.watch(separation, "filter_sources", "filter")
        watch.watch(openunmix.model.OpenUnmix, "forward", "network")
        for name in ("TorchSTFT", "TorchISTFT"):
            watch.watch(getattr(openunmix.transforms, name), "forward", "transforms")

    def separate_once(name):
        shard.separate_shard(
            folder / f"{name}.csv", folder / "audio", folder / "stems", folder / "unseparated.csv",
            folder.parent / f"model{hidden}", device=options.device, threads=options.threads,
            batch_seconds=options.batch_seconds,
        )  # fmt: skip
        shutil.rmtree(folder / "stems")

    separate_once("one")
    start = time.perf_counter() - watch.started
    turns = []
    for _ in range(options.turns):
        watch.seconds.clear()
        used, started = time.process_time(), time.perf_counter()
        separate_once("shard")
        loading = watch.seconds["load"]
        turns.append(
            {"all": time.perf_counter() - started - loading, "cpu": time.process_time() - used - loading}
            | {step: watch.seconds[step] for step in STEPS}
        )
    on_gpu = options.device == "cuda"
    return {
        "start": start,
        "host_gib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20,
        "gpu_gib": torch.cuda.max_memory_reserved() / 2**30 if on_gpu else 0,
        **{key: statistics.median(turn[key] for turn in turns) for key in turns[0]},
    }


def print_table(measured, options, device):
    """Print a row for each network and number of channels."""
    audio_seconds = options.clips * options.seconds
    steps = STEPS if device["kind"] == "cpu" else ()
    memory = ("host_gib", *["gpu_gib"] * (device["kind"] == "cuda"))
    heads = ["hidden size", "channels", "times real time", "s of CPU a second of audio",
             *(f"{step}, s" for step in steps), "start, s", *(f"peak {key[:-4]} GiB" for key in memory)]  # fmt: skip
    print(f"| {' | '.join(heads)} |\n|{'---:|' * len(heads)}")
    for (hidden, channels), took in measured.items():
        cells = [str(hidden), str(channels), f"{audio_seconds / took['all']:.0f}", f"{took['cpu'] / audio_seconds:.4f}",
                 *(f"{took[step] / audio_seconds:.4f}" for step in steps),
                 *(f"{took[key]:.1f}" for key in ("start", *memory))]  # fmt: skip
        print(f"| {' | '.join(cells)} |")


def print_rates(measured, options, device):
    """Print the lines of rates.yaml: by hidden size, for mono if it was measured."""
    channels = min(options.channels)
    key = "all" if device["kind"] == "cuda" else "cpu"
    rates = {
        hidden: float(f"{measured[hidden, channels][key] / options.clips / options.seconds:.3g}")
        for hidden in options.hidden
    }
    print(f"\nFor benchmarks/rates.yaml:\n\n{'gpu' if key == 'all' else 'cpu'}:")
    print(
        f"  separation_second: {json.dumps(rates).replace(chr(34), '')} # {device['name']}, {('mono', 'stereo')[channels - 1]}"
    )


def _batch_seconds(text):
    return text if text == "auto" else float(text)


def _parse():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--device", choices=("auto", "cpu", "cuda"), default="auto", help="(default: %(default)s)"
    )
    parser.add_argument(
        "--hidden", type=int, nargs="+", default=[512, 1024], help="hidden sizes (default: 512 1024)"
    )
    parser.add_argument(
        "--channels", type=int, nargs="+", choices=(1, 2), default=[1, 2], help="(default: 1 2)"
    )
    parser.add_argument("--clips", type=int, default=128, help="clips per shard (default: %(default)s)")
    parser.add_argument("--seconds", type=float, default=29.1, help="length of a clip (default: %(default)s)")
    parser.add_argument("--turns", type=int, default=1, help="(default: %(default)s)")
    parser.add_argument(
        "--threads", type=int, default=os.cpu_count(), help="threads of torch (default: %(default)s)"
    )
    parser.add_argument("--batch-seconds", type=_batch_seconds, default="auto", help="(default: %(default)s)")
    parser.add_argument(
        "--folder",
        help="folder for wavs and stems, on a local disk (default: the temporary folder of the system)",
    )
    parser.add_argument("--worker", help=argparse.SUPPRESS)
    return parser.parse_args()


if __name__ == "__main__":
    main()
