"""Cache the programs that JAX compiles for a GPU: each job would compile the same program again for 20 to 80 s."""

import logging
import os
import zlib
from pathlib import Path

SAVED = "/jax/compilation_cache/compile_time_saved_sec"  # JAX's own event
WORTH_TELLING_SECONDS = 5
ZSTANDARD = b"\x28\xb5\x2f\xfd"  # first bytes of files that JAX compressed with Zstandard, if it is installed


def keep_compiled(folder):
    """Let JAX cache compiled programs in a folder, and reuse those of earlier jobs.

    Concurrent and killed jobs are no problem: JAX compiles what it cannot read. But it leaves damaged files in place, so they
    are removed here. A problem with the folder never stops a job. A user's settings take precedence: a folder
    (``JAX_COMPILATION_CACHE_DIR``), or no cache (``JAX_ENABLE_COMPILATION_CACHE=false``).

    Not for CPUs: a program compiled on one CPU may use instructions that another CPU lacks.

    Parameters
    ----------
    folder : str or os.PathLike
        Created if missing. Anyone who can write to it can make this process run any code.
    """
    import jax

    jax.monitoring.register_event_duration_secs_listener(_tell)
    # XLA fails if it cannot read one of its tuning tables; complete programs do not need them.
    jax.config.update("jax_persistent_cache_enable_xla_caches", "none")
    if jax.config.jax_compilation_cache_dir or not jax.config.jax_enable_compilation_cache:
        return
    folder = Path(folder).absolute()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _remove_damaged(folder)
    except OSError as error:
        logging.warning("%s: JAX cannot cache compiled programs there (%s).", folder, error.strerror)
        return
    if not os.access(folder, os.W_OK):
        logging.warning("%s: JAX cannot cache compiled programs there (the folder is not writable).", folder)
        return
    jax.config.update("jax_compilation_cache_dir", str(folder))


def _remove_damaged(folder):
    """Remove incomplete programs: their writer was killed, or the disk was full."""
    for path in folder.glob("*-cache"):
        try:
            content = path.read_bytes()
            if not content.startswith(ZSTANDARD):  # cannot be checked without Zstandard
                zlib.decompress(content)
        except FileNotFoundError:
            pass  # another job removed it
        except zlib.error:
            logging.warning("%s was damaged. It was removed and will be compiled again.", path)
            path.unlink(missing_ok=True)


def _tell(event, seconds, **_):
    if event == SAVED and seconds >= WORTH_TELLING_SECONDS:
        logging.info("JAX reuses a program compiled by an earlier job and saves %.0f s.", seconds)
