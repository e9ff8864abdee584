"""Keep uninformative startup messages of frameworks out of logs and terminals.

TensorFlow's C++ code writes some of them before it reads TF_CPP_MIN_LOG_LEVEL. So while TensorFlow is imported, standard error
passes through a filter. The filter is a separate process (this file, run as a program), so the last message arrives even if the
import crashes. Set TF_CPP_MIN_LOG_LEVEL to 0 to see everything.
"""

import contextlib
import importlib.machinery
import logging
import os
import re
import signal
import subprocess
import sys

_LEVEL = "TF_CPP_MIN_LOG_LEVEL"
_CHATTER = re.compile(
    rb"WARNING: All log messages before absl::InitializeLog"
    rb"|(I\d{4} |\d{4}-\d\d-\d\d [\d:.]+ I )\S"  # C++'s level INFO: oneDNN, CPU features, devices
    rb"|To enable the following instructions: .* rebuild TensorFlow"  # the second line of one of them
    # From builds for GPUs, at the levels WARNING and ERROR
    rb"|.*\] Unable to register cu\w+ factory"
    rb"|.*\] computation placer already registered"
    rb"|.*TF-TRT Warning: Could not find TensorRT"
    rb"|.*\] failed call to cuInit"
)
# JAX's messages about missing hardware: mscol.jobs.backend logs the backend, and why a GPU is not used.
_MISSING_HARDWARE = (
    "Unable to initialize backend",
    "Jax plugin configuration error: Exception when calling",
    "An NVIDIA GPU may be present on this machine",
)
_SECONDS_TO_END = 5
_THIS_FILE = os.path.abspath(__file__)  # at import: a process may change its folder


def hush_frameworks():
    """Suppress startup messages of TensorFlow and JAX, whichever module imports them in this process. Call it before the import."""
    os.environ.setdefault(_LEVEL, "1")  # C++'s level INFO, after the import
    logging.getLogger("jax._src.xla_bridge").addFilter(of_jax)
    if _hushing not in sys.meta_path:
        sys.meta_path.insert(0, _hushing)


@contextlib.contextmanager
def without_chatter():
    """Remove uninformative lines (`is_chatter`) from standard error within a block."""
    passing = None if _is_wanted() or sys.stderr is None else _start_filter()
    if passing is None:
        yield
        return
    sys.stderr.flush()
    before = os.dup(2)
    os.dup2(passing.stdin.fileno(), 2)
    try:
        yield
    finally:
        sys.stderr.flush()
        os.dup2(before, 2)
        os.close(before)
        passing.stdin.close()
        # Processes started in the block may keep it open.
        with contextlib.suppress(subprocess.TimeoutExpired):
            passing.wait(_SECONDS_TO_END)


def _start_filter():
    """Start the filter process that writes to standard error; None if no process can be started."""
    program = [sys.executable, "-I", "-S", _THIS_FILE]
    with contextlib.suppress(OSError):
        # In a session of its own, so that Ctrl-C does not end it before it has passed on the last lines
        return subprocess.Popen(program, stdin=subprocess.PIPE, stdout=2, start_new_session=True)


def is_chatter(line):
    """Return whether a line (bytes) that a framework wrote to standard error is uninformative.

    >>> is_chatter(b"I0000 00:00:1795730923.965694   11981 port.cc:153] oneDNN custom operations are on.")
    True
    >>> is_chatter(b"W0000 00:00:1795730923.965694   11981 gpu_device.cc:2365] Cannot dlopen some GPU libraries.")
    False
    """
    return bool(_CHATTER.match(line))


class _Hushing:
    """An import hook that imports TensorFlow without its messages: Keras imports it when it first saves, also with JAX."""

    def find_spec(self, name, path=None, target=None):
        if name != "tensorflow":
            return None
        spec = importlib.machinery.PathFinder.find_spec(name, path)
        if spec and spec.loader:
            execute = spec.loader.exec_module

            def quietly(module):
                with without_chatter():
                    execute(module)

            spec.loader.exec_module = quietly
        return spec


class _OfJax(logging.Filter):
    """Drops JAX's log records about missing hardware, and keeps their errors."""

    def __init__(self):
        super().__init__()
        self.errors = []

    def filter(self, record):
        if not str(record.msg).startswith(_MISSING_HARDWARE):
            return True
        self.errors += [record.exc_info[1]] if record.exc_info else []
        return _is_wanted()


_hushing, of_jax = _Hushing(), _OfJax()


def _is_wanted():
    return os.environ.get(_LEVEL) == "0"


def pass_on(lines, out):
    """Write the lines that are informative."""
    for line in lines:
        if not is_chatter(line):
            out.write(line)
            out.flush()


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    pass_on(sys.stdin.buffer, sys.stdout.buffer)
