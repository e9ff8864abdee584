"""Transfers: one file from an HTTP server, going on where an earlier attempt was cut.

Beside a download lie ``NAME.partial`` while it is not whole, and ``NAME.source``, which says where it comes from and
which version of the file that is. A server is asked for the rest of that version only (Range with If-Range), so that
a file which changed there is never glued together; one that knows no ranges sends all of it again.
"""

import http.client
import logging
import os
import re
import socket
import ssl
import time
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

from mscol.errors import FetchError
from mscol.fetching.disk import spoken_bytes
from mscol.io.files import read_json, write_json
from mscol.jobs.logs import Progress, spoken_time

TIMEOUT_SECONDS = 60.0
PAUSES_SECONDS = (1, 5, 15, 60, 120, 300)
_PASSING_STATUS = {408, 425, 429, 500, 502, 503, 504}
_CHUNK_BYTES = 1 << 18
_HEADERS = {"User-Agent": "mscol", "Accept-Encoding": "identity"}  # the file itself, not compressed once more


class _Cut(Exception):
    """What may be better at the next attempt."""


def remote_size(url, timeout=TIMEOUT_SECONDS):
    """Ask a server how large a file is.

    Returns
    -------
    int or None
        Bytes; None where it does not say, or does not answer: `download` will say why.
    """
    try:
        with urllib.request.urlopen(_request(url, {}, method="HEAD"), timeout=timeout) as response:
            return _length(response)
    except (OSError, ValueError, http.client.HTTPException):
        return None


def download(url, path, vouched=False, pauses=PAUSES_SECONDS, timeout=TIMEOUT_SECONDS):
    """Download a file.

    Parameters
    ----------
    url : str
        http or https.
    path : pathlib.Path
        The file to be made; it is there only when it is whole. If it is there and from this address, it is left as it is.
    vouched : bool
        Whether a checksum will tell the right file. Then a part is also completed where the server does not say
        which version of the file it has.
    pauses : sequence of float
        Seconds to wait before each further attempt; they start again after one that brought something.
    timeout : float
        Seconds without a byte after which an attempt ends.

    Raises
    ------
    FetchError
        If the server refuses, or attempts are used up. What has come stays for the next call.
    OSError
        What the disk refuses.
    """
    partial, source = _companions(path)
    if path.exists():
        if _remembered(source).get("url") == url:
            return
        path.unlink()
    if _remembered(source).get("url") != url:
        partial.unlink(missing_ok=True)
    waits = list(pauses)
    while True:
        before = _size(partial)
        try:
            _attempt(url, partial, source, vouched, timeout)
            break
        except _Cut as cut:
            here = _size(partial)
            waits = list(pauses) if here > before else waits
            if not waits:
                raise FetchError(
                    f"{url}: {cut}, again and again; {spoken_bytes(here)} are kept in {partial}: run again to go on"
                ) from cut
            logging.warning("%s: %s; the next attempt follows in %s.", url, cut, spoken_time(waits[0]))
            time.sleep(waits.pop(0))
    os.replace(partial, path)


def forget(path):
    """Remove a download, whole or not, so that the next attempt starts at its first byte."""
    for file in (path, *_companions(path)):
        file.unlink(missing_ok=True)


def partial_bytes(path):
    """The bytes of a download that are there already."""
    return _size(path) or _size(_companions(path)[0])


def _companions(path):
    return [path.with_name(path.name + suffix) for suffix in (".partial", ".source")]


def _size(path):
    return path.stat().st_size if path.exists() else 0


def _remembered(source):
    try:
        return dict(read_json(source))
    except (FileNotFoundError, ValueError, TypeError):
        return {}


def _attempt(url, partial, source, vouched, timeout):
    """Fetch what is missing, over one connection."""
    known = _remembered(source)
    start = _size(partial)
    if start and known.get("size") == start:
        return
    headers = {}
    if start and (known.get("version") or vouched):
        headers["Range"] = f"bytes={start}-"
        if known.get("version"):
            headers["If-Range"] = known["version"]
    with _opened(url, headers, partial, timeout) as response:
        if response.status == 206:
            size = _size_of_rest(response, start, known, partial)
            logging.info("%s: going on at %s.", url, spoken_bytes(start))
        else:
            if start:
                logging.info("%s: the server sends all of it again, from the first byte.", url)
            start, size = 0, _length(response)
            partial.unlink(missing_ok=True)
            # Before the first byte, so that a part never lies beside another version's note
            write_json({"url": url, "version": _version(response), "size": size}, source)
        received = _receive(response, partial, start, size)
    if size is not None and received < size:
        raise _Cut(f"the transfer was cut after {spoken_bytes(received)} of {spoken_bytes(size)}")


def _request(url, headers, method="GET"):
    return urllib.request.Request(url, headers=_HEADERS | headers, method=method)


def _opened(url, headers, partial, timeout):
    """Open a connection; what fails is either a `_Cut` or final."""
    try:
        return urllib.request.urlopen(_request(url, headers), timeout=timeout)
    except urllib.error.HTTPError as error:
        if error.code == 416:  # the part is no part of what the server has now
            partial.unlink(missing_ok=True)
            raise _Cut("the server has no such rest of the file") from error
        if error.code in _PASSING_STATUS:
            raise _Cut(f"the server answers {error.code} ({error.reason})") from error
        raise FetchError(
            f"{url}: the server answers {error.code} ({error.reason}); correct the address, or name another source"
        ) from error
    except (http.client.InvalidURL, ValueError) as error:
        raise FetchError(f"{url}: not an address ({error}); correct it") from error
    except (OSError, http.client.HTTPException) as error:
        reason = getattr(error, "reason", error)
        unknown = isinstance(reason, socket.gaierror) and reason.errno != socket.EAI_AGAIN
        if unknown or isinstance(reason, ssl.SSLCertVerificationError):
            raise FetchError(
                f"{url}: no connection ({reason}); look whether this machine has internet access, or name another source"
            ) from error
        raise _Cut(f"no connection ({reason or type(error).__name__})") from error


def _length(response):
    length = response.headers.get("Content-Length", "")
    return int(length) if length.isascii() and length.isdigit() else None


def _version(response):
    """What tells one version of a file from another; only a strong entity tag does, or a date."""
    tag = response.headers.get("ETag", "")
    return tag if tag.startswith('"') else response.headers.get("Last-Modified", "")


def _size_of_rest(response, start, known, partial):
    """The size of the whole file, of which a server sends the rest."""
    sent = re.fullmatch(r"bytes (\d+)-(\d+)/(\d+|\*)", response.headers.get("Content-Range", ""))
    size = int(sent[3]) if sent and sent[3] != "*" else known.get("size")
    if not sent or int(sent[1]) != start or (known.get("size") or size) != size:
        partial.unlink(missing_ok=True)
        raise _Cut("the server sends another part than the one that was asked for")
    return size


def _receive(response, partial, start, size):
    """Append to the part what comes, up to the size of the whole; return the bytes of the part."""
    progress = Progress("MB", None if size is None else size / 1e6, done=start / 1e6)
    received = start
    with open(partial, "ab") as file:
        while size is None or received < size:
            data = _read(response, _CHUNK_BYTES if size is None else min(_CHUNK_BYTES, size - received))
            if not data:
                break
            file.write(data)
            received += len(data)
            progress.step(len(data) / 1e6)
    return received


def _read(response, count):
    """What has come by now: waiting for a whole chunk on a slow line would keep progress from being said."""
    try:
        return response.read1(count)
    except (OSError, http.client.HTTPException) as error:
        raise _Cut(f"the transfer was cut ({error or type(error).__name__})") from error


def local_file(address):
    """The file that an address names on this machine, or None where it is one of the web.

    >>> local_file("file:///data/mp3.zip.001"), local_file("data/x.zip"), local_file("https://host/x.zip")
    (PosixPath('/data/mp3.zip.001'), PosixPath('data/x.zip'), None)
    """
    parts = urllib.parse.urlsplit(address)
    if parts.scheme in ("http", "https"):
        return None
    return Path(urllib.request.url2pathname(parts.path) if parts.scheme == "file" else address)
