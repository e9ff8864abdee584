"""Work on many clips at once within one process."""

from collections import deque
from concurrent.futures import ThreadPoolExecutor

from threadpoolctl import threadpool_limits


def one_blas_thread():
    """Keep NumPy's matrix products to the thread that asks for them, while several work on items of their own.

    A context manager. Otherwise two workers on two cores take longer than one (benchmarks/mels.py).
    """
    return threadpool_limits(limits=1, user_api="blas")


def library_threads(count):
    """Let NumPy, SciPy and scikit-learn compute with a number of threads, whatever Snakemake gives the job: last bits depend on it.

    A context manager.
    """
    return threadpool_limits(limits=count)


def ordered_map(function, items, workers, held=4):
    """Apply a function to items on threads; yield the results in the order of the items.

    Decoding, resampling and Fourier transforms release Python's lock, so threads are enough.

    Parameters
    ----------
    function : callable
        Of one item.
    items : iterable
    workers : int
        Threads.
    held : int
        So many results a worker are held at most, so that memory does not grow with the number of items.

    Yields
    ------
    object
        ``function(item)`` for each item. What it raises is raised here.
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
