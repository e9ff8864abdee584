"""Files dated in the future, because of a wrong clock.

Snakemake deletes an output that is older than an input, even an `ancient` one. A user's file with a future date may be
read-only and on a shared disk, so it is not an input: its date and size are a parameter instead, until its date has passed.
"""

import os
import time
from datetime import datetime

from mscol.errors import ConfigError


def in_future(paths):
    """Return the paths that exist and are dated later than now, sorted."""
    return sorted(path for path in paths if _date(path) > time.time())


def not_in_future(paths):
    """Return the other paths, including those that do not exist, in their order."""
    later = set(in_future(paths))
    return [path for path in paths if path not in later]


def tell_dates(paths):
    """Return the dates and sizes of paths, for `params`: Snakemake notices a change of either."""
    return "; ".join(f"{path}, dated {_told_date(path)}, {os.stat(path).st_size} bytes" for path in paths)


def check_dates(paths):
    """Check that no input is dated in the future.

    Raises
    ------
    ConfigError
        For the first such file, by name.
    """
    later = in_future(paths)
    if later:
        others = f" (and {len(later) - 1} more)" if later[1:] else ""
        raise ConfigError(
            f"{later[0]}: dated {_told_date(later[0])}, in the future{others}. Snakemake would delete the outputs of its jobs as older "
            "than it. Check the clock of this machine, and give the file today's date (touch)"
        )


def _date(path):
    """Return the modification time of a path, in s, as Snakemake sees it.

    For a folder that a job made, it is the time stamp in the folder; for a link, the later one of link and target.
    """
    if not os.path.lexists(path):
        return 0.0
    noted = os.path.join(path, ".snakemake_timestamp")
    seen = noted if os.path.exists(noted) else path
    dates = [os.lstat(seen).st_mtime]
    return max([*dates, os.stat(seen).st_mtime] if os.path.exists(seen) else dates)


def _told_date(path):
    return datetime.fromtimestamp(_date(path)).isoformat(" ", "seconds")
