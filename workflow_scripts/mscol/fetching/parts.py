"""Read an archive that was split into parts (``mp3.zip.001``, ``.002``, ...) as one file."""

import bisect
import contextlib
import io
import itertools
import os


class JoinedParts(io.RawIOBase):
    """A seekable, read-only file that joins several files without copying them.

    Parameters
    ----------
    paths : sequence of str or os.PathLike
        The parts in order.
    """

    def __init__(self, paths):
        with contextlib.ExitStack() as opened:
            self._files = [opened.enter_context(open(path, "rb")) for path in paths]
            self._opened = opened.pop_all()
        sizes = [os.fstat(file.fileno()).st_size for file in self._files]
        *self._starts, self.size = itertools.accumulate(sizes, initial=0)
        self._position = 0

    def readable(self):
        return True

    def seekable(self):
        return True

    def seek(self, offset, whence=io.SEEK_SET):
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self.size}[whence]
        if base + offset < 0:
            raise ValueError(f"cannot seek to {base + offset}, before the start")
        self._position = base + offset
        return self._position

    def readinto(self, buffer):
        """Fill a buffer from the part at the position; like any raw file, it may return fewer bytes than requested."""
        if self._position >= self.size:
            return 0
        # The last part that starts at or before the position; this skips empty parts.
        number = bisect.bisect_right(self._starts, self._position) - 1
        file = self._files[number]
        file.seek(self._position - self._starts[number])
        count = file.readinto(buffer)
        self._position += count
        return count

    def close(self):
        self._opened.close()
        super().close()
