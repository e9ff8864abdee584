"""Which version of the code is at work."""

import subprocess
from pathlib import Path


def git_commit():
    """Name the commit of the checkout that this code runs from.

    Returns
    -------
    str or None
        The commit, with ``-dirty`` where tracked files were changed since; None outside a checkout.
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
