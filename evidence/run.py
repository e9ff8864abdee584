"""Measure what pretraining learns, on music that anyone can get: the tables and figures of docs/evidence.md.

    python evidence/run.py                     # small encoders, for two cores: about 10 hours
    python evidence/run.py --preset gpu        # the full encoder, for a GPU
    python evidence/run.py --seeds 1           # one seed of each model first
    python evidence/run.py --study mixtures    # soundtracks without stems, only `mixture`: about 4 hours
    python evidence/run.py --study embedded    # synthesised songs with true stems: about 2 hours

It gets the music, runs the workflow once for each length of pretraining, in folders below `evidence/run`, and collects
the results in `evidence/results`. Stop it whenever you like and run it again: it resumes.
"""

import argparse
import csv
import os
import subprocess
import sys
from pathlib import Path

import yaml

HERE = Path(__file__).parent
WORKFLOW = HERE.parent
SEEDS = (1, 2, 3)

# Per study, each length of pretraining in updates, with its seeds and its models (None: all of the config). The first
# one makes what does not depend on the length. The longest has one seed: that takes as long as the others of the curve.
CURVE = {1600: (SEEDS, None)} | {updates: (SEEDS, ("mixture",)) for updates in (200, 800, 3200)}
CURVE[12800] = (SEEDS[:1], ("mixture",))
LENGTHS = {"soundtracks": CURVE, "mixtures": CURVE, "embedded": {800: (SEEDS, None)}}
CONFIGS = {
    "soundtracks": ("soundtracks.yaml",),
    "mixtures": ("soundtracks.yaml", "mixtures.yaml"),
    "embedded": ("embedded_sizes.yaml", "embedded.yaml"),
}
SHARED = ("music", "manifests", "mels", "separators", "demo")  # do not depend on the length


def main():
    options = _parse()
    folder = options.folder / options.study / options.preset
    first = next(iter(LENGTHS[options.study]))
    get_music = make_embedded_music if options.study == "embedded" else get_soundtracks
    get_music(folder / str(first), options)
    for updates, (seeds, models) in LENGTHS[options.study].items():
        if chosen := [seed for seed in seeds if seed in options.seeds]:
            pretrain_and_evaluate(folder, updates, chosen, models, options)
    results = HERE / "results" / options.study / options.preset
    figure = WORKFLOW / "docs" / "images" / f"evidence_{options.study}_{options.preset}.svg"
    subprocess.run([sys.executable, HERE / "gather.py", folder, results, figure], check=True)


def get_soundtracks(folder, options):
    """Download the soundtracks, unless they are there."""
    music = options.folder / "music"
    if not (music / "clips.csv").is_file():
        subprocess.run([sys.executable, HERE / "fetch_soundtracks.py", music], check=True)
    _link(folder / "music", music)


def make_embedded_music(folder, options):
    """Synthesise the embedded datasets, and list the songs that have stems: a tenth of the training songs validates."""
    sizes = HERE / CONFIGS["embedded"][0]  # alone, because the others name the files that are made here
    datasets = ("mtat", "nsynth", "fma", "stems")
    snakemake(folder, [sizes], options.cores, *(f"demo/{name}" for name in datasets))
    n_songs = yaml.safe_load(sizes.read_text())["demo"]["sizes"]["stems"]
    with open(folder / "songs.csv", "w", newline="") as table:
        writer = csv.writer(table)
        writer.writerow(("id", "path", "split", "tags"))
        for split, n in n_songs.items():
            for number in range(n):
                song = f"{split}/{number:03d}"
                validates = split == "train" and number % 10 == 9
                writer.writerow(
                    (song, f"demo/stems/{song}/mixture.wav", "validation" if validates else split, "")
                )


def pretrain_and_evaluate(folder, updates, seeds, models, options):
    """Run the workflow for one length of pretraining; all lengths share what does not depend on it."""
    first = next(iter(LENGTHS[options.study]))
    run = folder / str(updates)
    run.mkdir(parents=True, exist_ok=True)
    config = f"pretraining: {{updates: {updates}}}\nseeds: {seeds}\n"
    if updates != first:
        config += f"models: [{', '.join(models)}]\nevaluation: {{compare_with: mixture}}\n"
        for name in SHARED:
            _link(run / name, folder / str(first) / name)
    length = run / "length.yaml"
    length.write_text(config)
    configs = [HERE / name for name in (*CONFIGS[options.study], f"{options.preset}.yaml")]
    snakemake(run, [*configs, length], options.cores)


def snakemake(folder, configs, cores, *targets):
    folder.mkdir(parents=True, exist_ok=True)
    command = [Path(sys.executable).parent / "snakemake", *targets, "--snakefile", WORKFLOW / "Snakefile"]
    options = ["--cores", cores, "--directory", folder, "--configfile", *configs]
    subprocess.run([*command, *options], check=True)


def _link(link, target):
    link.parent.mkdir(parents=True, exist_ok=True)
    if not link.is_symlink():
        link.symlink_to(os.path.relpath(target, link.parent))


def _parse():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--study", choices=tuple(LENGTHS), default="soundtracks", help="music (default: %(default)s)"
    )
    parser.add_argument("--preset", choices=("cpu", "gpu"), default="cpu", help="size of the encoder")
    parser.add_argument(
        "--seeds", type=int, nargs="+", choices=SEEDS, default=SEEDS, help="seeds to run (default: all)"
    )
    parser.add_argument("--cores", default="all", help="as in Snakemake (default: %(default)s)")
    parser.add_argument(
        "--folder", type=Path, default=HERE / "run", help="folder for music and runs (default: %(default)s)"
    )
    return parser.parse_args()


if __name__ == "__main__":
    main()
