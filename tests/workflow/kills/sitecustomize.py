"""Ends the jobs of a test with SIGKILL at the worst moment: when an output is whole and about to be renamed into place.

Python imports this file by itself where PYTHONPATH names its folder. The variable MSCOL_KILLS holds JSON: ``folder``,
where a file is left for each script that was killed, so that it is killed once; ``jobs``, for each script which of its
renamings is not to come about, counted from 1; and ``everything``, scripts that take the whole run along, as a power
cut does.
"""

import json
import os
import signal
import sys
from pathlib import Path

KILLS = json.loads(os.environ.get("MSCOL_KILLS", "{}"))


def killing(replace):
    """Wrap os.replace."""
    count = 0

    def replace_or_die(source, target, **options):
        nonlocal count
        # Snakemake copies a script to a name of this kind: tmp1234.separate_stems.py
        script = Path(sys.argv[0]).name.rpartition(".py")[0].rpartition(".")[2]
        if ".partial-" in os.fspath(source) and script in KILLS["jobs"]:
            count += 1
            if count == KILLS["jobs"][script] and is_first(script):
                for pid in session() if script in KILLS["everything"] else [os.getpid()]:
                    os.kill(pid, signal.SIGKILL)
        return replace(source, target, **options)

    return replace_or_die


def is_first(script):
    try:
        Path(KILLS["folder"], script).touch(exist_ok=False)
    except FileExistsError:
        return False
    return True


def session():
    """The processes of this session, this one last."""
    pids = [int(name) for name in os.listdir("/proc") if name.isdigit() and int(name) != os.getpid()]
    return [*(pid for pid in pids if is_of_session(pid)), os.getpid()]


def is_of_session(pid):
    try:
        return os.getsid(pid) == os.getsid(0)
    except ProcessLookupError:
        return False


if KILLS:
    os.replace = killing(os.replace)
