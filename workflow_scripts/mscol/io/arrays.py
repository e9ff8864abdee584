"""Arrays on disk that are written, and read, row by row: datasets are larger than memory."""

import contextlib
import mmap
import os
import resource
import weakref
from pathlib import Path

import numpy as np

from mscol.errors import CacheError
from mscol.io.atomic import atomic_path
from mscol.io.files import open_array


def advise(array, advice):
    """Tell the kernel how an array is used (``mmap.MADV_...``), if it is memory-mapped.

    Pages of a memory map that were read count as this process's memory until ``MADV_DONTNEED`` gives them back;
    in the system's own cache of files they stay.
    """
    if isinstance(array.base, mmap.mmap):
        array.base.madvise(advice)


class SomeRows:
    """Some rows of an array, which stays where it is; what reads it, by the first axis, reads those rows.

    Parameters
    ----------
    array : np.ndarray
        Memory-mapped or not.
    rows : np.ndarray, int
        Their numbers.
    """

    def __init__(self, array, rows):
        self._array, self._rows = array, rows
        self.shape, self.dtype, self.base = (len(rows), *array.shape[1:]), array.dtype, array.base

    def __len__(self):
        return len(self._rows)

    def __getitem__(self, key):
        first, others = (key[0], key[1:]) if isinstance(key, tuple) else (key, ())
        return self._array[(self._rows[first], *others)]

    def __array__(self, dtype=None, copy=None):
        return np.asarray(self[:], dtype)


class RowReader:
    """Read rows from any place of one ``.npy`` file of floating-point numbers; threads may do so at once.

    Rows are read rather than taken from a memory map: that takes half the time where places are random, its pages do not count
    as this process's memory (docs/benchmarks.md, "Data"), and a file that is cut meanwhile is an error, not the end of the process.

    Parameters
    ----------
    path : str or os.PathLike

    Attributes
    ----------
    path : Path
    shape : tuple of int
    dtype : np.dtype
    nbytes : int
        Of the whole array.

    Raises
    ------
    CacheError
        If it is no whole array.
    """

    def __init__(self, path):
        self.path = Path(path)
        array = open_array(path)
        if not array.flags.c_contiguous:
            raise CacheError(
                f"{path}: its columns lie one after another, not its rows; delete it, and it is made again"
            )
        self.shape, self.dtype, self.nbytes = array.shape, array.dtype, array.nbytes
        self._start, self._row_bytes = array.offset, array.nbytes // max(len(array), 1)
        self._file = os.open(path, os.O_RDONLY)
        weakref.finalize(self, os.close, self._file)

    def __len__(self):
        return self.shape[0]

    def __array__(self, dtype=None, copy=None):
        rows = np.empty(self.shape, self.dtype)
        self.read(0, rows)
        return rows if dtype is None else rows.astype(dtype, copy=False)

    def read(self, first, rows):
        """Fill an array of shape (n, ...), in C order, with the n rows from a place on.

        Raises
        ------
        CacheError
            If the file ends before them.
        """
        if rows.dtype != self.dtype:
            same = np.empty(rows.shape, self.dtype)
            self.read(first, same)
            rows[:] = same
            return
        buffer, place = (
            memoryview(rows).cast("B") if rows.size else b"",
            self._start + first * self._row_bytes,
        )
        while len(buffer):  # one read gives 2 GB at most
            n_bytes = os.preadv(self._file, [buffer], place)
            if not n_bytes:
                raise CacheError(
                    f"{self.path}: it was cut while it was read; delete it, and it is made again"
                )
            buffer, place = buffer[n_bytes:], place + n_bytes


def allow_open_files(n_files):
    """Raise this process's limit of open files, 1024 on most machines, by so many, as far as the machine lets it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = soft + n_files if hard == resource.RLIM_INFINITY else min(soft + n_files, hard)
    if soft != resource.RLIM_INFINITY and wanted > soft:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


class RowWriter:
    """Write rows one after another into one ``.npy`` file, without holding them in memory.

    Used as a context manager; the file appears under its name only when the block succeeds. Rows are
    appended rather than put into a memory map, whose touched pages would count as this process's memory.

    Parameters
    ----------
    path : str or os.PathLike
    row_shape : tuple of int
        The shape of the array, without its first axis.
    dtype : str

    Attributes
    ----------
    n_rows : int
        How many were written.
    """

    def __init__(self, path, row_shape, dtype):
        self.path, self.row_shape, self.dtype = Path(path), tuple(row_shape), np.dtype(dtype)
        self.n_rows = 0

    def __enter__(self):
        self._stack = contextlib.ExitStack()
        partial = self._stack.enter_context(atomic_path(self.path))
        self._file = self._stack.enter_context(open(partial, "wb"))
        self._write_header()
        return self

    def append(self, rows):
        """Append rows, shape (n, *row_shape); return the number of the first of them."""
        first = self.n_rows
        self._file.write(np.ascontiguousarray(rows, self.dtype).data)
        self.n_rows += len(rows)
        return first

    def __exit__(self, kind, error, traceback):
        if kind is not None:
            return self._stack.__exit__(kind, error, traceback)
        with self._stack:  # which clears up, should the disk be full by now
            self._file.seek(0)
            self._write_header()
        return None

    def _write_header(self):
        # NumPy pads a header so that its first axis can grow: the second header fits over the first.
        header = {
            "descr": np.lib.format.dtype_to_descr(self.dtype),
            "fortran_order": False,
            "shape": (self.n_rows, *self.row_shape),
        }
        np.lib.format.write_array_header_1_0(self._file, header)
