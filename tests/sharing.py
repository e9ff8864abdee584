"""Share what is slow to make between the processes in which pytest-xdist runs tests."""

import fcntl
import os


def made_once(tmp_path_factory, name, make):
    """Make a folder once in a session of tests, whichever process needs it first; the others wait for it.

    Parameters
    ----------
    tmp_path_factory : pytest.TempPathFactory
    name : str
    make : callable
        Of the folder's path, at which nothing is yet.

    Returns
    -------
    pathlib.Path
    """
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if is_shared() else base) / name
    done = folder.with_name(f"{name}.made")
    with open(folder.with_name(f"{name}.lock"), "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not done.exists():
            make(folder)
            done.touch()
    return folder


def is_shared():
    """Whether other processes run tests of this session, too."""
    return "PYTEST_XDIST_WORKER" in os.environ
