"""Files dated in the future, by a wrong clock.

Snakemake deletes what a job has made where it is older than an input, `ancient` or not. So a user's own file with such a date, which may be
read-only and lie on a shared disk, is no input: its date and size are a parameter instead, until its date has passed.
"""

import os
import time
from datetime import datetime

from mscol.errors import ConfigError


def in_future(paths):
    """Those of some paths that exist and are dated later than now, sorted."""
    return sorted(path for path in paths if _date(path) > time.time())


def not_in_future(paths):
    """The other ones, those that do not exist among them, in their order."""
    later = set(in_future(paths))
    return [path for path in paths if path not in later]


def tell_dates(paths):
    """Say when paths were changed, for `params`: with their sizes, by which a change shows, too."""
    return "; ".join(f"{path}, dated {_told_date(path)}, {os.stat(path).st_size} bytes" for path in paths)


def check_dates(paths):
    """Check that no file from which something is to be made is dated in the future.

    Raises
    ------
    ConfigError
        For the first of them, by name.
    """
    later = in_future(paths)
    if later:
        others = f" (and {len(later) - 1} more)" if later[1:] else ""
        raise ConfigError(
            f"{later[0]}: dated {_told_date(later[0])}, which is in the future{others}; what is made from it would be deleted as older "
            "than it; look at the clock of this machine, and give the file today's date (touch)"
        )


def _date(path):
    """When a path was changed, s, as Snakemake sees it: of a folder that a job made as it noted there, of a link the later of both."""
    if not os.path.lexists(path):
        return 0.0
    noted = os.path.join(path, ".snakemake_timestamp")
    seen = noted if os.path.exists(noted) else path
    dates = [os.lstat(seen).st_mtime]
    return max([*dates, os.stat(seen).st_mtime] if os.path.exists(seen) else dates)


def _told_date(path):
    return datetime.fromtimestamp(_date(path)).isoformat(" ", "seconds")
