"""What pretraining learns, on music that anyone can get: makes the tables and the figure of docs/evidence.md.

    python evidence/run.py                     # encoders for two cores: a night or two
    python evidence/run.py --preset gpu        # the full encoder: minutes on a GPU

fetches the soundtracks, runs the workflow once for each length of pretraining, each in a folder of its own below `evidence/run`, and
gathers the results. Stop it when you like: it goes on where it was.
"""

import argparse
import os
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
HOUSE = HERE.parent
UPDATES = (200, 800, 3200, 12800)
MAIN = 3200  # updates after which all models are compared; the others have the two that the curve shows
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
    for updates in sorted(UPDATES, key=lambda updates: updates != MAIN):
        pretrain_and_evaluate(folder / str(updates), updates, options)
    subprocess.run(
        [sys.executable, HERE / "gather.py", folder, HERE / "results" / options.preset], check=True
    )


def pretrain_and_evaluate(folder, updates, options):
    """Run the workflow for one length of pretraining, with what the longest-made run has already."""
    folder.mkdir(parents=True, exist_ok=True)
    config = f"pretraining: {{updates: {updates}}}\n"
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
    parser.add_argument("--preset", choices=("cpu", "gpu"), default="cpu", help="how large the encoder is")
    parser.add_argument("--cores", default="all", help="as Snakemake takes it (default: %(default)s)")
    parser.add_argument(
        "--folder", type=Path, default=HERE / "run", help="for music and runs (default: %(default)s)"
    )
    return parser.parse_args()


if __name__ == "__main__":
    main()
