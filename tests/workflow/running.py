"""How tests run the workflow: by its real command, in folders of their own."""

import os
import subprocess
import sys
from pathlib import Path

HOUSE = Path(__file__).parents[2]


def command(house, directory, *arguments, configfiles=("tests/tiny.yaml",)):
    """The command line of a run; config files are relative to the house, or absolute."""
    configs = ["--configfile", *(str(house / path) for path in configfiles)] if configfiles else []
    return [
        sys.executable, "-m", "snakemake", "--snakefile", str(house / "Snakefile"), "--directory", str(directory),
        *arguments, "--cores", "2", *configs,
    ]  # fmt: skip


def run(house, directory, *arguments, configfiles=("tests/tiny.yaml",), succeeds=True):
    """Run Snakemake to its end; return what it said."""
    directory.mkdir(parents=True, exist_ok=True)
    done = subprocess.run(
        command(house, directory, *arguments, configfiles=configfiles),
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=os.environ | {"PYTHONUTF8": "1"},
    )  # fmt: skip
    assert (done.returncode == 0) == succeeds, done.stdout[-8000:]
    return done.stdout


def planned_jobs(house, directory, *arguments, **options):
    """The rules that a dry run would run, with the number of jobs of each."""
    said = run(house, directory, *arguments, "--dry-run", "--quiet", "rules", **options)
    lines = [line.split() for line in said.splitlines()]
    return {words[0]: int(words[1]) for words in lines if len(words) == 2 and words[1].isdigit()}
