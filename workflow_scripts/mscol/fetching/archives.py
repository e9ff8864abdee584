"""Unpack archives (zip, zip in parts, tar and tar.gz) into one folder through `intake.Intake`.

Archives are untrusted: `Intake` checks names, links and sizes. All members of a zip are checked before the first one is
written. A tar is a stream, so the caller must remove the folder if a later member is rejected.
"""

import contextlib
import gzip
import io
import logging
import lzma
import re
import stat
import struct
import tarfile
import zipfile
import zlib

from mscol.errors import ArchiveError, FetchError
from mscol.fetching.disk import require_space, spoken_bytes
from mscol.fetching.intake import shown
from mscol.fetching.parts import JoinedParts
from mscol.jobs.logs import Progress

_DAMAGE = (zipfile.BadZipFile, tarfile.TarError, zlib.error, lzma.LZMAError, EOFError, NotImplementedError,
           RuntimeError, ValueError, IndexError, OverflowError, struct.error)  # fmt: skip
_PART = re.compile(r"(.+\.zip)\.(\d{3})")
_FLAG_ENCRYPTED, _FLAG_UTF8 = 0x1, 0x800
# zipfile decompresses a whole chunk of bzip2 or LZMA at once, however large the result is; deflate stops at a limit.
_CHUNK_BYTES = {zipfile.ZIP_STORED: 1 << 20, zipfile.ZIP_DEFLATED: 1 << 20}
_SMALL_CHUNK_BYTES = 4096
_UNPACKED = (
    zipfile.ZIP_STORED,
    zipfile.ZIP_DEFLATED,
    zipfile.ZIP_BZIP2,
    zipfile.ZIP_LZMA,
)  # methods that Python can unpack
_HEADER_BYTES = 1 << 20  # longer than any valid header of a tar member
_PADDING_BYTES = 1 << 24  # zeros after the last member of a tar: writers pad the last record


def group_archives(names):
    """Group the parts of each archive.

    Parameters
    ----------
    names : iterable of str

    Returns
    -------
    list of list of str
        The names that make up each archive or plain file, parts in order.

    Raises
    ------
    FetchError
        If a part is missing.

    Examples
    --------
    >>> group_archives(["mp3.zip.002", "labels.csv", "mp3.zip.001"])
    [['labels.csv'], ['mp3.zip.001', 'mp3.zip.002']]
    """
    groups = {}
    for name in sorted(names):
        part = _PART.fullmatch(name)
        groups.setdefault(part[1] if part else name, []).append(name)
    for name, parts in groups.items():
        expected = [f"{name}.{number:03d}" for number in range(1, len(parts) + 1)]
        if _PART.fullmatch(parts[0]) and parts != expected:
            raise FetchError(
                f"{name}: its parts are {', '.join(parts)}, expected {', '.join(expected)}. Name all parts."
            )
    return list(groups.values())


def unpack(paths, intake):
    """Unpack an archive, or copy a file that is not an archive.

    Parameters
    ----------
    paths : sequence of pathlib.Path
        The parts of one archive, or a single path.
    intake : mscol.fetching.intake.Intake
        Checks and writes the members.

    Raises
    ------
    ArchiveError
        If it is damaged or contains an unsafe member.
    FetchError
        If there is not enough disk space for its members.
    OSError
        If the disk cannot be written.
    """
    name = paths[0].name
    try:
        if name.endswith((".tar", ".tar.gz", ".tgz")):
            _unpack_tar(paths[0], intake)
        elif name.endswith(".zip") or _PART.fullmatch(name):
            _unpack_zip(paths, intake)
        else:
            _take_file(paths[0], intake)
    except ArchiveError as error:
        raise ArchiveError(
            f"{paths[0]}: refused, because {error}. Download the archive from its official site.", paths
        ) from None
    except (*_DAMAGE, OSError) as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise  # an error of the disk, not of the archive
        raise ArchiveError(
            f"{paths[0]}: damaged or incomplete ({error}). Download it again.", paths
        ) from error


def _take_file(path, intake):
    size = path.stat().st_size
    with open(path, "rb") as stream:
        intake.write(intake.admit(path.name, size), stream, size)


def _unpack_zip(paths, intake):
    with (
        io.BufferedReader(JoinedParts(paths), 1 << 20) as file,
        zipfile.ZipFile(file) as archive,
    ):
        taken_before = intake.taken_bytes
        members = [(info, _admit_zipped(info, intake)) for info in archive.infolist()]
        require_space(intake.folder, intake.taken_bytes - taken_before, f"to unpack {paths[0].name}")
        total = sum(info.file_size for info, _ in members)
        logging.info("Unpacking %s: %d members, %s.", paths[0].name, len(members), spoken_bytes(total))
        progress = Progress("MB", total / 1e6)
        for info, parts in members:
            if info.is_dir():
                intake.make_folder(parts)
                continue
            chunk_bytes = _CHUNK_BYTES.get(info.compress_type, _SMALL_CHUNK_BYTES)
            with archive.open(info) as stream:
                intake.write(parts, stream, info.file_size, lambda n: progress.step(n / 1e6), chunk_bytes)


def _admit_zipped(info, intake):
    if info.flag_bits & _FLAG_ENCRYPTED:
        raise ArchiveError(f"the member {shown(info.filename)} is encrypted")
    if info.compress_type not in _UNPACKED:
        raise ArchiveError(
            f"the member {shown(info.filename)} is compressed by method {info.compress_type} (9 is Deflate64), which Python cannot "
            "unpack. Unpack the archive yourself, for example with `7z x`, and set the dataset's root to that folder"
        )
    kind = stat.S_IFMT(info.external_attr >> 16)
    if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
        raise ArchiveError(
            f"the member {shown(info.filename)} is neither a file nor a folder, but a link or a device"
        )
    return intake.admit(_zipped_name(info), info.file_size, info.is_dir())


def _zipped_name(info):
    """Return the original name: zipfile cuts it at a zero byte and decodes names without the UTF-8 flag as code page 437."""
    if info.flag_bits & _FLAG_UTF8:
        return info.orig_filename
    try:
        return info.orig_filename.encode("cp437").decode("utf-8")
    except UnicodeError:
        raise ArchiveError(f"the name {shown(info.orig_filename)} of a member is not UTF-8") from None


class _Rationed:
    """A stream that allows ``left`` more bytes to be read, because tarfile reads a header of any claimed length."""

    def __init__(self, stream):
        self.stream, self.left = stream, 0

    def read(self, count):
        data = self.stream.read(count)
        self.left -= len(data)
        if self.left < 0:
            raise ArchiveError("the header of a member is longer than any valid one")
        return data


def _unpack_tar(path, intake):
    size = path.stat().st_size
    logging.info("Unpacking %s: %s, compressed.", path.name, spoken_bytes(size))
    progress = Progress("MB of the archive", size / 1e6)
    with contextlib.ExitStack() as opened:
        file = opened.enter_context(open(path, "rb"))
        # Not tarfile's own gzip, which does not check the digest at the end
        stream = file if path.name.endswith(".tar") else opened.enter_context(gzip.GzipFile(fileobj=file))
        ration = _Rationed(stream)
        ration.left = _HEADER_BYTES
        archive = opened.enter_context(tarfile.open(fileobj=ration, mode="r|", encoding="utf-8"))
        while member := _next_member(archive, ration):
            # Progress counts bytes read: a tar does not record its unpacked size.
            _take_tarred(
                archive, member, ration, intake, lambda n: progress.step(file.tell() / 1e6 - progress.done)
            )
        _require_end(stream)


def _next_member(archive, ration):
    archive.members.clear()  # otherwise it keeps all 289,205 members of NSynth
    ration.left = _HEADER_BYTES
    return archive.next()


def _take_tarred(archive, member, ration, intake, told):
    if not (member.isreg() or member.isdir()) or member.issparse():
        raise ArchiveError(
            f"the member {shown(member.name)} is neither a file nor a folder, but a link, a device or the like"
        )
    parts = intake.admit(member.name, member.size, member.isdir())
    if member.isdir():
        intake.make_folder(parts)
        return
    # tarfile reads one record ahead and up to the end of a block.
    ration.left = member.size + _HEADER_BYTES
    with archive.extractfile(member) as stream:
        intake.write(parts, stream, member.size, told)


def _require_end(stream):
    """Read to the end, where gzip checks its digest; only zeros may follow."""
    left = _PADDING_BYTES
    while data := stream.read(1 << 16):
        left -= len(data)
        if left < 0 or data.strip(b"\0"):
            raise ArchiveError("data follows after its end")
