"""What frameworks say when they start, and which tells nobody anything: it is left out of logs and terminals.

TensorFlow's C++ writes some of it before it looks at TF_CPP_MIN_LOG_LEVEL. So while TensorFlow is imported, standard error passes
a filter. That is a process of its own (this file, run as a program): whatever ends an import, its last words pass.
Whoever sets TF_CPP_MIN_LOG_LEVEL to 0 reads everything.
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
    # Of builds for GPUs, at the levels of warnings and errors
    rb"|.*\] Unable to register cu\w+ factory"
    rb"|.*\] computation placer already registered"
    rb"|.*TF-TRT Warning: Could not find TensorRT"
    rb"|.*\] failed call to cuInit"
)
# What JAX logs of hardware that it does not find: mscol.jobs.backend says what computes, and why it is no GPU that is there.
_MISSING_HARDWARE = (
    "Unable to initialize backend",
    "Jax plugin configuration error: Exception when calling",
    "An NVIDIA GPU may be present on this machine",
)
_SECONDS_TO_END = 5
_THIS_FILE = os.path.abspath(__file__)  # now: a process may change its folder


def hush_frameworks():
    """Leave out what TensorFlow and JAX say when this process imports them, here or behind its back; call it before."""
    os.environ.setdefault(_LEVEL, "1")  # C++'s level INFO, after the import
    logging.getLogger("jax._src.xla_bridge").addFilter(of_jax)
    if _hushing not in sys.meta_path:
        sys.meta_path.insert(0, _hushing)


@contextlib.contextmanager
def without_chatter():
    """Keep from standard error, in a block, the lines that tell nothing (`is_chatter`)."""
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
        # Processes that were started in the block may hold it open.
        with contextlib.suppress(subprocess.TimeoutExpired):
            passing.wait(_SECONDS_TO_END)


def _start_filter():
    """Start what passes on to standard error what is no chatter; None where no more processes may be started."""
    program = [sys.executable, "-I", "-S", _THIS_FILE]
    with contextlib.suppress(OSError):
        # In a session of its own, so that Ctrl-C does not end it before it has passed on what follows
        return subprocess.Popen(program, stdin=subprocess.PIPE, stdout=2, start_new_session=True)


def is_chatter(line):
    """Whether a line (bytes) that a framework wrote to standard error tells nothing.

    >>> is_chatter(b"I0000 00:00:1795730923.965694   11981 port.cc:153] oneDNN custom operations are on.")
    True
    >>> is_chatter(b"W0000 00:00:1795730923.965694   11981 gpu_device.cc:2365] Cannot dlopen some GPU libraries.")
    False
    """
    return bool(_CHATTER.match(line))


class _Hushing:
    """Finds TensorFlow before others do, and imports it without its chatter: Keras imports it when it first saves, with JAX, too."""

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
    """Leaves out what JAX logs of hardware that it did not find, and keeps the errors that it tells of."""

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
    """Write those of some lines that are no chatter."""
    for line in lines:
        if not is_chatter(line):
            out.write(line)
            out.flush()


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    pass_on(sys.stdin.buffer, sys.stdout.buffer)
