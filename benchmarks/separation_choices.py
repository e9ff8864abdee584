"""Measure the choices made for separation: compared with the reference, shortcuts, and file formats.

`separation.py` measures the speed on a machine and prints rates for `snakemake estimate`. This compares, alternating in one run,

a) the ``umx`` command of Open-Unmix, one process per file, as in the reference (MSCOL_SMC23). Under torchaudio 2.11 it can
   neither read nor write files without torchcodec, so both steps use soundfile;
b) ours: one process per shard.

Both separate the same clips of the embedded MagnaTagATune (29.1 s, mono, 44.1 kHz wav) with the same networks, of the
published size but with random weights. It also compares formats of the files between the stages and, with a trained
separator and songs with their stems, measures what chunks and skipped targets change.

Run it from the root of the repository:

    PYTHONPATH=workflow_scripts python benchmarks/separation_choices.py
    PYTHONPATH=workflow_scripts python benchmarks/separation_choices.py --trained separators/demo --songs demo/stems/test
"""

import argparse
import contextlib
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import numpy as np

STEPS = ("load", "decode", "transforms", "network", "wiener", "write")


def main():
    options = _parse()
    if options.worker:
        {"umx": umx, "ours": ours}[options.worker](options)
        return
    with tempfile.TemporaryDirectory(prefix="mscol-benchmark-") as folder:
        folder = Path(folder)
        if options.trained:
            compare_shortcuts(options)
            return
        make_model(folder / "model", options.hidden)
        clips = make_clips(folder, options.clips)
        compare_speed(folder, clips, options)
        compare_formats(folder, clips[0])


def make_model(folder, hidden_size):
    """Write a separator with random weights and the shape of the published networks (umxhq 512, umxl 1024)."""
    import openunmix.utils
    import torch
    from openunmix.model import OpenUnmix

    from mscol.io.files import write_json
    from mscol.separation import STEMS
    from mscol.separation.description import describe_separator

    settings = {"nfft": 4096, "nhop": 1024, "nb_channels": 2, "hidden_size": hidden_size, "bandwidth": 16000}
    describe_separator(folder / "separator.json", settings)
    max_bin = openunmix.utils.bandwidth_to_max_bin(44_100, settings["nfft"], settings["bandwidth"])
    torch.manual_seed(0)
    for stem in STEMS:
        network = OpenUnmix(nb_bins=2049, nb_channels=2, hidden_size=hidden_size, max_bin=max_bin)
        torch.save(network.state_dict(), folder / f"{stem}.pth")
        write_json({"args": settings}, folder / f"{stem}.json")


def make_clips(folder, n_clips):
    """Make clips of the embedded MagnaTagATune, converted to wav, and their manifest."""
    from mscol.datasets.manifest import write_manifest
    from mscol.separation.conversion import convert_shard
    from mscol.synthesis import make_demo_datasets

    sizes = {"mtat": {"train": n_clips, "validation": 1, "test": 1}}
    make_demo_datasets(seed=1, sizes=sizes, workers=2, mtat=folder / "mtat")
    paths = [folder / name for name in ("clips.csv", "rejected.csv", "about.json")]
    write_manifest("mtat", folder / "mtat", {"split": "folder"}, 1, *paths, [folder / "shard.csv"])
    table = (folder / "shard.csv").read_text().splitlines()
    (folder / "shard.csv").write_text(
        "\n".join([table[0], *[row for row in table if ",train," in row][:n_clips]])
    )
    convert_shard(folder / "shard.csv", folder / "mtat", folder / "audio", folder / "rejected.csv", 2)
    return sorted((folder / "audio").rglob("*.wav"))


def compare_speed(folder, clips, options):
    """Run both in turn and print seconds per clip."""
    turns = {"umx": [], "ours": []}
    for turn in range(options.turns):
        for worker in turns:
            files = [str(clips[turn % len(clips)])] if worker == "umx" else []
            turns[worker].append(_run_worker(worker, folder, files, options))
    a = {step: statistics.median(t["seconds"][step] for t in turns["umx"]) for step in (*STEPS, "all")}
    b = {
        step: statistics.median(
            t["seconds"][step] / (1 if step == "load" else len(clips)) for t in turns["ours"]
        )
        for step in (*STEPS, "all")
    }
    b["all"] -= b["load"] / len(clips)
    b["all"] += b["load"] / options.shard_clips  # the model is loaded once a shard
    print(
        f"\nMedians of {options.turns} turns; hidden size {options.hidden}, {options.threads} threads, {len(clips)} clips of "
        f"29.1 s; (b) includes loading the model once per shard of {options.shard_clips} clips. (b) reads and writes in parallel.\n"
    )
    print("| seconds a clip | a) umx a file | b) ours | ratio |\n|---|---:|---:|---:|")
    for step in (*STEPS, "all"):
        said = {"load": "load (b: a shard)", "all": "**all**"}.get(step, step)
        print(f"| {said} | {a[step]:.2f} | {b[step]:.2f} | {a[step] / b[step]:.1f} |")
    memory = [max(t["peak_gib"] for t in turns[worker]) for worker in turns]
    print(f"| peak memory, GiB | {memory[0]:.2f} | {memory[1]:.2f} | |")
    print(f"\n(b) runs at {29.1 / b['all']:.0f} times real time. {compare_stems(folder, clips[0])}")


def compare_stems(folder, clip):
    """Compare the stems of one clip; ours of a mono clip are the mean of both channels."""
    from mscol.io import audio
    from mscol.separation import STEMS

    ours = folder / "stems" / clip.relative_to(folder / "audio").with_suffix("")
    theirs = folder / "umx" / clip.stem
    most = max(
        np.abs(
            audio.decode(ours / f"{s}.wav")[0]
            - audio.decode(theirs / f"{s}.wav")[0].mean(axis=1, keepdims=True)
        ).max()
        for s in STEMS
    )
    return f"Stems differ by {most:.1e} of full scale at most."


def compare_formats(folder, clip):
    """Print the time to write and read a mono stem of 29.1 s, and its size, for each format."""
    import soundfile

    waveform, rate = soundfile.read(clip, dtype="float32")
    print("\n| format of a stem | MB | ms to write | ms to read |\n|---|---:|---:|---:|")
    for kind, subtype in (
        ("WAV", "FLOAT"),
        ("WAV", "PCM_24"),
        ("WAV", "PCM_16"),
        ("FLAC", "PCM_24"),
        ("FLAC", "PCM_16"),
    ):
        path = folder / f"x.{kind.lower()}"
        writing, reading = [], []
        for _ in range(7):
            started = time.perf_counter()
            soundfile.write(path, waveform, rate, subtype=subtype, format=kind)
            writing.append(time.perf_counter() - started)
            started = time.perf_counter()
            soundfile.read(path, dtype="float32")
            reading.append(time.perf_counter() - started)
        cells = path.stat().st_size / 1e6, 1e3 * statistics.median(writing), 1e3 * statistics.median(reading)
        print(f"| {kind} {subtype} | " + " | ".join(f"{cell:.1f}" for cell in cells) + " |")


def compare_shortcuts(options):
    """Print what chunks and a skipped target change, with a trained separator on songs with known stems."""
    import copy

    import torch

    from mscol.io import audio
    from mscol.separation import STEMS
    from mscol.separation.judging import is_silent, sdr
    from mscol.separation.separate import separate_batch, separate_in_chunks
    from mscol.separation.separator import load_separator

    torch.set_num_threads(options.threads)
    separator = load_separator(options.trained, device=options.device)
    without = copy.deepcopy(separator)
    del without.target_models["drums"]
    kept = [stem for stem in STEMS if stem != "drums"]
    songs = sorted(path for path in Path(options.songs).iterdir() if path.is_dir())
    waveforms = [audio.load_stereo(song / "mixture.wav").T for song in songs]
    changed, truth = {stem: [] for stem in kept}, {stem: ([], []) for stem in kept}
    with torch.inference_mode():
        for song, waveform in zip(songs, waveforms, strict=True):
            mixture = torch.from_numpy(np.ascontiguousarray(waveform))[None]
            full, part = (
                separate_batch(separator, mixture)[0].wait().numpy(),
                separate_batch(without, mixture)[0].wait().numpy(),
            )
            for stem, skipped in zip(kept, part, strict=True):
                whole, true = full[STEMS.index(stem)], audio.load_stereo(song / f"{stem}.wav")
                if not is_silent(true):
                    changed[stem].append(sdr(whole.T, skipped.T))
                    truth[stem][0].append(sdr(true, whole.T))
                    truth[stem][1].append(sdr(true, skipped.T))
        long = torch.from_numpy(
            np.concatenate(waveforms, axis=1).mean(axis=0, keepdims=True, dtype=np.float32)
        )
        whole = separate_batch(separator, long[None])[0].wait().numpy()
        print(f"\nWithout the network of drums ({len(songs)} songs): medians, dB\n")
        print(
            "| stem | SDR to the stem with all four | SDR to the truth, all four | without drums |\n|---|---:|---:|---:|"
        )
        for stem in kept:
            print(
                f"| {stem} | {np.median(changed[stem]):.1f} | "
                + " | ".join(f"{np.median(t):.2f}" for t in truth[stem])
                + " |"
            )
        print(
            f"\nChunks of a mono recording of {long.shape[-1] / 44_100:.0f} s: SDR to the stems of the whole, dB\n"
        )
        print(
            "| seconds of a chunk, context included | "
            + " | ".join(STEMS)
            + " |\n|---|"
            + "---:|" * len(STEMS)
        )
        for windows in (5, 7, 9):
            chunks = separate_in_chunks(separator, long, windows * 300).numpy()
            cells = " | ".join(f"{sdr(w.T, c.T):.1f}" for w, c in zip(whole, chunks, strict=True))
            print(f"| {windows * 300 * 1024 / 44_100:.0f} | {cells} |")


class Stopwatch:
    """Measures the seconds spent in watched functions."""

    def __init__(self):
        self.seconds, self.started = Counter(), time.perf_counter()

    def watch(self, owner, name, step):
        function = getattr(owner, name)

        def timed(*arguments, **named):
            started = time.perf_counter()
            try:
                return function(*arguments, **named)
            finally:
                self._wait()
                self.seconds[step] += time.perf_counter() - started

        setattr(owner, name, timed)

    def say(self):
        """Print the measurements for the parent process."""
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
        print(json.dumps({"seconds": self.seconds, "peak_gib": peak}))

    @staticmethod
    def _wait():
        import torch

        if torch.cuda.is_available():
            torch.cuda.synchronize()


def umx(options):
    """Run the command of the package, with soundfile for reading and writing."""
    watch = Stopwatch()
    import openunmix.cli
    import openunmix.data
    import openunmix.model
    import openunmix.transforms
    import soundfile
    import torch
    import torchaudio

    torch.set_num_threads(options.threads)

    def load_audio(path, start=0.0, dur=None, info=None):
        watch.seconds["load"] = time.perf_counter() - watch.started
        waveform, rate = soundfile.read(path, dtype="float32", always_2d=True)
        return torch.from_numpy(waveform.T.copy()), rate

    openunmix.data.load_audio = load_audio
    torchaudio.save = lambda path, x, sample_rate: soundfile.write(
        path, x.numpy().T, int(sample_rate), subtype="FLOAT"
    )
    watch.watch(openunmix.data, "load_audio", "decode")
    watch.watch(torchaudio, "save", "write")
    watch.watch(openunmix.model, "wiener", "wiener")
    watch.watch(openunmix.model.OpenUnmix, "forward", "network")
    for name in ("TorchSTFT", "TorchISTFT"):
        watch.watch(getattr(openunmix.transforms, name), "forward", "transforms")
    sys.argv = ["umx", *options.files, "--model", f"{options.folder}/model", "--outdir", f"{options.folder}/umx",
                "--targets", "bass", "drums", "other", "vocals"] + ["--no-cuda"] * (options.device == "cpu")  # fmt: skip
    with contextlib.redirect_stdout(sys.stderr):
        openunmix.cli.separate()
    watch.say()


def ours(options):
    """Separate a shard."""
    watch = Stopwatch()
    import openunmix.model
    import openunmix.transforms

    from mscol.io import audio
    from mscol.separation import separate, shard

    watch.watch(shard, "load_separator", "loading")
    imported = time.perf_counter() - watch.started
    watch.watch(audio, "decode", "decode")
    watch.watch(audio, "write_wav", "write")
    watch.watch(separate, "filter_sources", "wiener")
    watch.watch(openunmix.model.OpenUnmix, "forward", "network")
    for name in ("TorchSTFT", "TorchISTFT"):
        watch.watch(getattr(openunmix.transforms, name), "forward", "transforms")
    folder = Path(options.folder)
    shard.separate_shard(
        folder / "shard.csv", folder / "audio", folder / "stems", folder / "unseparated.csv", folder / "model",
        device=options.device, threads=options.threads, batch_seconds=options.batch_seconds,
    )  # fmt: skip
    watch.seconds["load"] = imported + watch.seconds["loading"]
    watch.say()


def _run_worker(worker, folder, files, options):
    """Run (a) or (b) in a separate process; return its seconds by step, and of the whole process."""
    words = [sys.executable, __file__, "--worker", worker, "--folder", folder, "--threads", options.threads,
             "--device", options.device, "--batch-seconds", options.batch_seconds, "--files", *files]  # fmt: skip
    started = time.perf_counter()
    done = subprocess.run([str(w) for w in words], capture_output=True, text=True, check=False)
    seconds = time.perf_counter() - started
    if done.returncode:
        sys.exit(done.stderr)
    said = json.loads(done.stdout.splitlines()[-1])
    said["seconds"] = Counter(said["seconds"]) | Counter({"all": seconds})
    return said


def _parse():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--turns", type=int, default=3, help="turns of each (default: %(default)s)")
    parser.add_argument(
        "--clips", type=int, default=16, help="clips of the shard in (b) (default: %(default)s)"
    )
    parser.add_argument(
        "--shard-clips", type=int, default=80, help="clips of a real shard (default: %(default)s)"
    )
    parser.add_argument(
        "--hidden", type=int, default=512, help="hidden size: 512 or 1024 (default: %(default)s)"
    )
    parser.add_argument(
        "--threads", type=int, default=os.cpu_count(), help="threads of torch (default: %(default)s)"
    )
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu", help="(default: %(default)s)")
    parser.add_argument("--batch-seconds", type=float, default=240, help="(default: %(default)s)")
    parser.add_argument("--trained", help="trained separator; only measures what shortcuts change")
    parser.add_argument("--songs", help="folder of {song}/{stem}.wav and mixture.wav, for --trained")
    parser.add_argument("--worker", choices=("umx", "ours"), help=argparse.SUPPRESS)
    parser.add_argument("--folder", help=argparse.SUPPRESS)
    parser.add_argument("--files", nargs="*", default=[], help=argparse.SUPPRESS)
    return parser.parse_args()


if __name__ == "__main__":
    main()
