"""What pretraining learns, on music that anyone can get: makes the tables and the figure of docs/evidence.md.

    python evidence/run.py                     # small encoders for two cores: a night
    python evidence/run.py --preset gpu        # the full encoder: minutes on a GPU
    python evidence/run.py --seeds 1           # one seed of each model first

It downloads the soundtracks, runs the workflow once for each length of pretraining, each in its own folder below `evidence/run`, and
collects the results. Stop it at any time and run it again: it resumes.
"""

import argparse
import os
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
HOUSE = HERE.parent
SEEDS = (1, 2, 3)
# Length of pretraining in updates: seeds. The longest takes as long as all others of the curve.
LENGTHS = {200: SEEDS, 800: SEEDS, 1600: SEEDS, 3200: SEEDS, 12800: SEEDS[:1]}
MAIN = 1600  # the length at which all models are compared; at the others only those of the curve
CURVE = ("mixture", "bass_drums_other_vocals")
SHARED = ("music", "manifests", "mels", "separators", "demo")  # by all lengths, as they do not depend on it


def main():
    options = _parse()
    folder = options.folder / options.preset
    folder.mkdir(parents=True, exist_ok=True)
    music = options.folder / "music"
    if not (music / "clips.csv").is_file():
        subprocess.run([sys.executable, HERE / "fetch_soundtracks.py", music], check=True)
    _link(folder / str(MAIN) / "music", music)
    for updates in sorted(LENGTHS, key=lambda updates: updates != MAIN):
        if seeds := [seed for seed in LENGTHS[updates] if seed in options.seeds]:
            pretrain_and_evaluate(folder / str(updates), updates, seeds, options)
    subprocess.run(
        [sys.executable, HERE / "gather.py", folder, HERE / "results" / options.preset], check=True
    )


def pretrain_and_evaluate(folder, updates, seeds, options):
    """Run the workflow for one length of pretraining; all lengths share what does not depend on it."""
    folder.mkdir(parents=True, exist_ok=True)
    config = f"pretraining: {{updates: {updates}}}\nseeds: {seeds}\n"
    if updates != MAIN:
        config += f"models: [{', '.join(CURVE)}]\nevaluation: {{compare_with: mixture}}\n"
        for name in SHARED:
            _link(folder / name, folder.parent / str(MAIN) / name)
    length = folder / "length.yaml"
    length.write_text(config)
    configs = [HERE / "soundtracks.yaml", HERE / f"{options.preset}.yaml", length]
    command = [
        Path(sys.executable).parent / "snakemake",
        "--snakefile",
        HOUSE / "Snakefile",
        "--cores",
        options.cores,
    ]
    subprocess.run([*command, "--directory", folder, "--configfile", *configs], check=True)


def _link(link, target):
    link.parent.mkdir(parents=True, exist_ok=True)
    if not link.is_symlink():
        link.symlink_to(os.path.relpath(target, link.parent))


def _parse():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
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
