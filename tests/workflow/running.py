"""How tests run the workflow: by its real command, in folders of their own."""

import contextlib
import os
import subprocess
import sys
from pathlib import Path

WORKFLOW = Path(__file__).parents[2]


def command(workflow, directory, *arguments, configfiles=("tests/tiny.yaml",)):
    """The command line of a run; config files are relative to the workflow, or absolute."""
    configs = ["--configfile", *(str(workflow / path) for path in configfiles)] if configfiles else []
    return [
        sys.executable, "-m", "snakemake", "--snakefile", str(workflow / "Snakefile"), "--directory", str(directory),
        *arguments, "--cores", "2", *configs,
    ]  # fmt: skip


def run(workflow, directory, *arguments, configfiles=("tests/tiny.yaml",), succeeds=True):
    """Run Snakemake to its end; return what it printed."""
    directory.mkdir(parents=True, exist_ok=True)
    done = subprocess.run(
        command(workflow, directory, *arguments, configfiles=configfiles),
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=os.environ | {"PYTHONUTF8": "1"},
    )  # fmt: skip
    assert (done.returncode == 0) == succeeds, done.stdout[-8000:]
    return done.stdout


def planned_jobs(workflow, directory, *arguments, **options):
    """The rules that a dry run would run, with the number of jobs of each."""
    printed = run(workflow, directory, *arguments, "--dry-run", "--quiet", "rules", **options)
    lines = [line.split() for line in printed.splitlines()]
    return {words[0]: int(words[1]) for words in lines if len(words) == 2 and words[1].isdigit()}


def process_of(script, folder):
    """The process id of a running script of a run."""
    for entry in os.listdir("/proc"):
        if entry.isdigit() and int(entry) != os.getpid():
            with contextlib.suppress(OSError):
                words = Path(f"/proc/{entry}/cmdline").read_text().split("\0")
                here = os.readlink(f"/proc/{entry}/cwd") == str(folder)
                if here and len(words) > 1 and words[1].endswith(script):
                    return int(entry)
    raise AssertionError(f"{script} does not run in {folder}")
