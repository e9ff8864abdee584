"""What jobs cost, asked of the estimate in a process of its own.

Metadata of full size are read for it, which would stop the process that starts jobs for seconds, and stay in its memory.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import mscol


def ask_prices(run, jobs):
    """Say what jobs cost.

    Parameters
    ----------
    run : dict
        As of `mscol.estimate.gather_run`.
    jobs : list of (str, dict)
        The rule and the wildcards of each.

    Returns
    -------
    list of (str, float, float), or None
        The stage of each job, and its seconds of CPU and of GPU; None where there is no estimate, such as when metadata are missing.
    """
    library = str(Path(mscol.__file__).parents[1])
    paths = filter(None, [library, os.environ.get("PYTHONPATH")])
    try:
        done = subprocess.run(
            [sys.executable, "-m", __name__],
            input=json.dumps({"run": run, "jobs": jobs}),
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, encoding="utf-8",
            env=os.environ | {"PYTHONPATH": os.pathsep.join(paths)},
        )  # fmt: skip
        return json.loads(done.stdout)
    except (OSError, ValueError, TypeError):
        return None


def main():
    """Read a run and jobs from standard input, and write their prices."""
    from mscol.estimate import gather_run, price_jobs  # slow to import

    asked = json.load(sys.stdin)
    json.dump(price_jobs(gather_run(**asked["run"]), asked["jobs"]), sys.stdout)


if __name__ == "__main__":
    main()
