"""Arrays on disk that are written row by row: datasets are larger than memory."""

import contextlib
import mmap
from pathlib import Path

import numpy as np

from mscol.io.atomic import atomic_path


def advise(array, advice):
    """Tell the kernel how an array is used (``mmap.MADV_...``), if it is memory-mapped.

    Pages of a memory map that were read count as this process's memory until ``MADV_DONTNEED`` gives them back;
    in the system's own cache of files they stay.
    """
    if isinstance(array.base, mmap.mmap):
        array.base.madvise(advice)


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
