"""Accept members of archives: plain files and folders below one folder, each once, up to a number of bytes."""

import re

from mscol.errors import ArchiveError
from mscol.fetching.disk import on_disk, spoken_bytes

_LONGEST_NAME_BYTES = 255  # limit for one part of a path on common file systems
_DEEPEST = 64  # nested folders: the time to compare paths grows with the square
_DRIVE = re.compile("[A-Za-z]:")
_SHOWN_CHARACTERS = 80  # in messages: a name in an archive can have 64 kB


class Intake:
    """Write the members of archives to a folder and reject unsafe ones.

    `admit` checks every member before `write` opens a file. So nothing is written outside the folder, through a link (links
    are never made) or over another member.

    Parameters
    ----------
    folder : pathlib.Path
        An empty folder that no other process writes to.
    limit_bytes : int
        Maximum number of bytes to write, counted in whole blocks: a billion empty files are too many, too.
    """

    def __init__(self, folder, limit_bytes):
        self.folder, self.limit_bytes = folder, limit_bytes
        self.taken_bytes = 0
        self._files, self._folders = set(), {()}

    def admit(self, name, size, is_folder=False):
        """Check a member of an archive.

        Parameters
        ----------
        name : str
            Its name in the archive.
        size : int
            Its size in the archive, bytes.
        is_folder : bool

        Returns
        -------
        tuple of str
            The parts of its path; empty for the folder itself.

        Raises
        ------
        ArchiveError
            If the member is unsafe.
        """
        parts = _safe_parts(name)
        if size < 0:
            raise ArchiveError(f"the member {shown(name)} has a size of {size} bytes")
        if parts in self._files or (parts in self._folders and not is_folder):
            raise ArchiveError(f"the member {shown(name)} occurs twice")
        above = [parts[:length] for length in range(len(parts))]
        inside = next((folder for folder in above if folder in self._files), None)
        if inside:
            raise ArchiveError(f"the member {shown(name)} lies in {shown('/'.join(inside))}, which is a file")
        new_folders = {*above, *([parts] if is_folder else [])} - self._folders
        self._folders |= new_folders
        if not is_folder:
            self._files.add(parts)
            self.taken_bytes += on_disk(size)
        self.taken_bytes += len(new_folders) * on_disk(0)
        if self.taken_bytes > self.limit_bytes:
            raise ArchiveError(
                f"with the member {shown(name)} it takes {spoken_bytes(self.taken_bytes)} of disk, more than the "
                f"allowed {spoken_bytes(self.limit_bytes)}"
            )
        return parts

    def write(self, parts, stream, size, told=None, chunk_bytes=1 << 20):
        """Write an admitted file: exactly ``size`` bytes of a stream.

        Parameters
        ----------
        parts : tuple of str
            The path that `admit` returned.
        stream : file-like
        size : int
        told : callable, optional
            Called with the number of bytes of each written chunk.
        chunk_bytes : int
            Number of bytes to read at once.

        Raises
        ------
        EOFError
            If the stream ends early.
        OSError
            If the disk cannot be written.
        """
        with _created(self.folder.joinpath(*parts)) as file:
            left = size
            while left:
                data = stream.read(min(left, chunk_bytes))
                if not data:
                    raise EOFError(f"{shown('/'.join(parts))} ends {left} bytes too early")
                file.write(data)
                left -= len(data)
                if told:
                    told(len(data))

    def make_folder(self, parts):
        """Make an admitted folder."""
        self.folder.joinpath(*parts).mkdir(parents=True, exist_ok=True)


def _created(path):
    try:
        return open(path, "xb")
    except FileNotFoundError:  # cheaper than checking the folder of each of 300,000 files
        path.parent.mkdir(parents=True, exist_ok=True)
        return open(path, "xb")


def _safe_parts(name):
    """Split the name of a member into the parts of a path below a folder.

    >>> _safe_parts("./nsynth-train/audio/")
    ('nsynth-train', 'audio')
    """
    if name.startswith("/") or "\\" in name or _DRIVE.match(name):
        raise ArchiveError(f"the member {shown(name)} has an absolute path or a path with backslashes")
    if not name.isprintable():
        raise ArchiveError(f"the name {shown(name)} of a member is not UTF-8 or has control characters")
    parts = tuple(part for part in name.split("/") if part not in ("", "."))
    if ".." in parts:
        raise ArchiveError(f"the member {shown(name)} leaves its folder")
    if len(parts) > _DEEPEST:
        raise ArchiveError(f"the member {shown(name)} is {len(parts)} folders deep, more than {_DEEPEST}")
    if any(len(part.encode()) > _LONGEST_NAME_BYTES for part in parts):
        raise ArchiveError(
            f"the name {shown(name)} of a member has a part longer than {_LONGEST_NAME_BYTES} bytes"
        )
    return parts


def shown(name):
    """Format the name of a member for a message: quoted, escaped and shortened."""
    cut = name if len(name) <= _SHOWN_CHARACTERS else name[:_SHOWN_CHARACTERS] + "..."
    return ascii(cut)
