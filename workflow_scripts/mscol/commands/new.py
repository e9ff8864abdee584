"""``mscol new``: make a dataset and a config for the workflow from a folder of music."""

import argparse
import json
import logging
import os
import re
import shlex
from pathlib import Path

import yaml

import mscol

LABELS = ("auto", "folders", "genre", "none")

EXAMPLE = """example:
  mscol new ~/music/by_genre

Writes ~/music/by_genre/clips.csv (columns path, split, label, artist, group, recording) and mine.yaml, and prints the
commands to run next. Check the table and edit it as you like.
"""
_TABLE = "clips.csv"
_CONFIG = """\
# Written by `mscol new`. docs/reference.md explains every key.
preset: {preset} # all sizes: paper (the published experiment) or demo (small, to try it)
datasets:
  {name}: {{layout: table, root: {root}{table}}}
"""
_WITHOUT_LABELS = """\
# The files have no labels. You can pretrain an encoder on them; to evaluate it (`all`), add a dataset with labels.
"""
_ENCODER = "models/bass_drums_other_vocals/seed1/encoder.keras"


def add(commands):
    """Add the command to a parser's subparsers."""
    new = commands.add_parser(
        "new",
        help="make a dataset and a config from a folder of music",
        description="Make a dataset from a folder of music: a table of its files with labels and splits, and a config for the workflow.",
        epilog=EXAMPLE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    new.set_defaults(run=run, check=check)
    new.add_argument(
        "folder", type=Path, metavar="FOLDER", help="folder with audio files, in subfolders of any depth"
    )
    new.add_argument(
        "-o", "--output", type=Path, default=Path("mine.yaml"), help="config to write (default: %(default)s)"
    )
    new.add_argument("--table", type=Path, help=f"table to write (default: {_TABLE} in FOLDER)")
    new.add_argument(
        "--labels",
        choices=LABELS,
        default="auto",
        help="where the class of a file comes from: its subfolder of FOLDER, its genre tag, or none "
        "(auto: the first of these that gives at least two classes)",
    )
    new.add_argument(
        "--preset",
        choices=("paper", "demo"),
        default="paper",
        help="preset of the config (default: %(default)s)",
    )
    new.add_argument("--force", action="store_true", help="replace an existing table and config")


def check(new, options):
    """Exit with an error if an option is invalid or a file would be replaced."""
    if not options.folder.is_dir():
        new.error(f"argument FOLDER: {options.folder}: there is no such folder")
    options.table = options.table or options.folder / _TABLE
    there = [str(path) for path in (options.table, options.output) if path.exists()]
    if there and not options.force:
        new.error(f"{' and '.join(there)}: would be replaced. Use --force to allow that.")


def run(options):
    """Write the table and the config, and check both as the workflow does."""
    from mscol.datasets.folder import make_table, read_songs  # imported here to keep --help fast
    from mscol.datasets.table import read_clips
    from mscol.embeddings.search import find_audio, write_left_out
    from mscol.io.files import write_csv

    files, others = find_audio([options.folder])
    songs, unusable = read_songs(options.folder, files, os.cpu_count())
    table, unlabelled = make_table(options.folder, songs, options.labels)
    write_csv(table, options.table)
    write_left_out([*others, *unusable, *unlabelled], options.table)
    _write_config(options, has_labels="label" in table)
    logging.info("Wrote %s (%d files) and %s.", options.table, len(table), options.output)
    read_clips(options.folder, options.table.resolve())
    _check_config(options.output)
    config = f"--configfile {shlex.quote(str(options.output.resolve()))}"
    estimate, target = (
        ("--cores all estimate", "") if "label" in table else (f"-n estimate {_ENCODER}", f"{_ENCODER} ")
    )
    logging.info(
        "Next, run in the folder of the workflow (the first command estimates the cost):\n  snakemake %s %s\n  snakemake %s--cores all %s",
        estimate, config, target, config,
    )  # fmt: skip
    return 0


def _write_config(options, has_labels):
    from mscol.io.atomic import atomic_path

    name = re.sub("[^a-z0-9]", "", options.folder.resolve().name.lower()) or "music"
    # JSON is valid YAML, whatever characters a path contains.
    root, table = (
        json.dumps(str(path.resolve()), ensure_ascii=False) for path in (options.folder, options.table)
    )
    if yaml.safe_load(name) != name:  # no, on, 2024
        name = json.dumps(name)
    elsewhere = "" if options.table == options.folder / _TABLE else f", table: {table}"
    text = _CONFIG.format(preset=options.preset, name=name, root=root, table=elsewhere)
    with atomic_path(options.output) as partial:
        partial.write_text(text + ("" if has_labels else _WITHOUT_LABELS), encoding="utf-8")


def _check_config(path):
    """Check a config as the workflow does, if the workflow is in this folder or contains this library."""
    from mscol.config.effective import effective_config, merge, read_yaml

    for workflow in (Path.cwd(), Path(mscol.__file__).parents[2]):
        schema = workflow / "schemas" / "config.schema.yaml"
        if schema.is_file():
            given = merge(read_yaml(workflow / "config.yaml"), read_yaml(path))
            effective_config(given, workflow / "presets", schema)
            logging.info("The workflow in %s accepts this config.", workflow)
            return
