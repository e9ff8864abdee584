"""The version of the code."""

import subprocess
from pathlib import Path


def git_commit():
    """Return the git commit of the checkout that this code runs from.

    Returns
    -------
    str or None
        The commit, with ``-dirty`` if tracked files have changed since; None outside a checkout.
    """
    command = [
        "git",
        "-C",
        str(Path(__file__).parent),
        "describe",
        "--always",
        "--abbrev=40",
        "--dirty",
        "--exclude=*",
    ]
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return None
