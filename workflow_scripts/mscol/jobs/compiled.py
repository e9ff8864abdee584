"""What JAX has compiled for a GPU, kept for the jobs that follow: it takes 20 to 80 s, of the same program each time."""

import logging
import os
import zlib
from pathlib import Path

SAVED = "/jax/compilation_cache/compile_time_saved_sec"  # JAX' own event
WORTH_TELLING_SECONDS = 5
ZSTANDARD = b"\x28\xb5\x2f\xfd"  # how files begin that JAX compressed by it, where it is installed


def keep_compiled(folder):
    """Let JAX keep what it compiles in a folder, and take from there what an earlier job has compiled.

    Jobs may do so side by side, and be killed: JAX compiles what it cannot read. But it leaves a damaged file where it
    is, so these are removed here. Nothing that is wrong with the folder stops a job. Where a user has named a folder
    (``JAX_COMPILATION_CACHE_DIR``), or turned keeping off (``JAX_ENABLE_COMPILATION_CACHE=false``), that holds.

    Not for CPUs: a program compiled on one of them may use instructions that another one lacks.

    Parameters
    ----------
    folder : str or os.PathLike
        Made if it is not there. Whoever can write to it can make this process run any code.
    """
    import jax

    jax.monitoring.register_event_duration_secs_listener(_tell)
    # Tuning tables of XLA, which fails where it cannot read one; programs are kept whole, and need none.
    jax.config.update("jax_persistent_cache_enable_xla_caches", "none")
    if jax.config.jax_compilation_cache_dir or not jax.config.jax_enable_compilation_cache:
        return
    folder = Path(folder).absolute()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _remove_damaged(folder)
    except OSError as error:
        logging.warning("%s: what JAX compiles cannot be kept there (%s).", folder, error.strerror)
        return
    if not os.access(folder, os.W_OK):
        logging.warning("%s: what JAX compiles cannot be kept there (you may not write to it).", folder)
        return
    jax.config.update("jax_compilation_cache_dir", str(folder))


def _remove_damaged(folder):
    """Remove programs that are not whole: their writer was killed, or the disk was full."""
    for path in folder.glob("*-cache"):
        try:
            content = path.read_bytes()
            if not content.startswith(ZSTANDARD):  # which cannot be checked without it
                zlib.decompress(content)
        except FileNotFoundError:
            pass  # another job was quicker
        except zlib.error:
            logging.warning("%s is damaged: removed, and compiled again.", path)
            path.unlink(missing_ok=True)


def _tell(event, seconds, **_):
    if event == SAVED and seconds >= WORTH_TELLING_SECONDS:
        logging.info("JAX takes what an earlier job has compiled: %.0f s saved.", seconds)
