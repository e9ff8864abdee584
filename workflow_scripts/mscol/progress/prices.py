"""Get the costs of jobs from the estimate, in a separate process.

The estimate reads the metadata of whole datasets. In the process that starts jobs this would block for seconds and stay in memory.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import mscol


def ask_prices(run, jobs):
    """Return the costs of jobs.

    Parameters
    ----------
    run : dict
        Arguments of `mscol.estimate.gather_run`.
    jobs : list of (str, dict)
        Rule and wildcards of each job.

    Returns
    -------
    list of (str, float, float), or None
        Stage, CPU seconds and GPU seconds of each job; None without an estimate, for example if metadata are missing.
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
    """Read a run and jobs from standard input and write their costs."""
    from mscol.estimate import gather_run, price_jobs  # slow to import

    asked = json.load(sys.stdin)
    json.dump(price_jobs(gather_run(**asked["run"]), asked["jobs"]), sys.stdout)


if __name__ == "__main__":
    main()
