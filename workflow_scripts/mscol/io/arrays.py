"""Arrays on disk, written and read row by row because datasets are larger than memory."""

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

    Pages read from a memory map count as this process's memory until ``MADV_DONTNEED`` releases them; they stay in the
    system's page cache.
    """
    if isinstance(array.base, mmap.mmap):
        array.base.madvise(advice)


class SomeRows:
    """A view of some rows of an array; nothing is copied until rows are read by the first axis.

    Parameters
    ----------
    array : np.ndarray
        Memory-mapped or not.
    rows : np.ndarray, int
        Row numbers.
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
    """Read rows from any position of one ``.npy`` file of floating-point numbers; safe to use from several threads.

    Rows are read instead of memory-mapped: this takes half the time at random positions, does not count as this process's
    memory (docs/benchmarks.md, "Data"), and a file that is truncated meanwhile raises an error instead of killing the process.

    Parameters
    ----------
    path : str or os.PathLike

    Attributes
    ----------
    path : Path
    shape : tuple of int
    dtype : np.dtype
    nbytes : int
        Size of the whole array.

    Raises
    ------
    CacheError
        If the file is damaged.
    """

    def __init__(self, path):
        self.path = Path(path)
        array = open_array(path)
        if not array.flags.c_contiguous:
            raise CacheError(f"{path}: stored column by column, expected rows; delete it and run again")
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
        """Fill an array of shape (n, ...), in C order, with n rows from row ``first`` on.

        Raises
        ------
        CacheError
            If the file ends before the last row.
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
        while len(buffer):  # one read returns at most 2 GB
            n_bytes = os.preadv(self._file, [buffer], place)
            if not n_bytes:
                raise CacheError(f"{self.path}: truncated while it was read; delete it and run again")
            buffer, place = buffer[n_bytes:], place + n_bytes


def allow_open_files(n_files):
    """Raise this process's limit of open files (1024 on most machines) by ``n_files``, up to the machine's hard limit."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = soft + n_files if hard == resource.RLIM_INFINITY else min(soft + n_files, hard)
    if soft != resource.RLIM_INFINITY and wanted > soft:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


class RowWriter:
    """Write rows one after another into one ``.npy`` file, without holding them in memory.

    Use it as a context manager; the file appears under its name only when the block succeeds. Rows are
    appended instead of memory-mapped, because touched pages would count as this process's memory.

    Parameters
    ----------
    path : str or os.PathLike
    row_shape : tuple of int
        The shape of the array without its first axis.
    dtype : str

    Attributes
    ----------
    n_rows : int
        Number of rows written.
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
        """Append rows, shape (n, *row_shape); return the row number of the first."""
        first = self.n_rows
        self._file.write(np.ascontiguousarray(rows, self.dtype).data)
        self.n_rows += len(rows)
        return first

    def __exit__(self, kind, error, traceback):
        if kind is not None:
            return self._stack.__exit__(kind, error, traceback)
        with self._stack:  # cleans up if the disk is full
            self._file.seek(0)
            self._write_header()
        return None

    def _write_header(self):
        # NumPy pads the header so that the first axis can grow: the second header fits over the first.
        header = {
            "descr": np.lib.format.dtype_to_descr(self.dtype),
            "fortran_order": False,
            "shape": (self.n_rows, *self.row_shape),
        }
        np.lib.format.write_array_header_1_0(self._file, header)
