"""Process many clips at once within one process."""

from collections import deque
from concurrent.futures import ThreadPoolExecutor

from threadpoolctl import threadpool_limits


def one_blas_thread():
    """Run NumPy's matrix products in the calling thread only, while several threads work on different items.

    A context manager. Without it, two workers on two cores take longer than one (benchmarks/mels.py).
    """
    return threadpool_limits(limits=1, user_api="blas")


def library_threads(count):
    """Let NumPy, SciPy and scikit-learn use a fixed number of threads, however many Snakemake gives the job.

    A context manager. The last bits of results depend on the number of threads.
    """
    return threadpool_limits(limits=count)


def ordered_map(function, items, workers, held=4):
    """Apply a function to items on threads; yield the results in the order of the items.

    Decoding, resampling and Fourier transforms release Python's lock, so threads are enough.

    Parameters
    ----------
    function : callable
        Takes one item.
    items : iterable
    workers : int
        Number of threads.
    held : int
        Maximum number of results held per worker, so that memory does not grow with the number of items.

    Yields
    ------
    object
        ``function(item)`` for each item. Its exceptions are raised here.
    """
    waiting = deque()
    with ThreadPoolExecutor(max_workers=max(1, workers)) as pool:
        try:
            for item in items:
                waiting.append(pool.submit(function, item))
                if len(waiting) >= held * workers:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            pool.shutdown(wait=True, cancel_futures=True)
