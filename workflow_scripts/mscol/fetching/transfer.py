"""Download one file from an HTTP server, resuming an interrupted download.

An incomplete download is ``NAME.partial``; ``NAME.source`` records its address and the version of the file. Only the rest of that
version is requested (Range with If-Range), so parts of two versions are never joined. A server without ranges sends the
whole file again.
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

from mscol.errors import CacheError, FetchError
from mscol.fetching.disk import spoken_bytes
from mscol.io.files import read_json, write_json
from mscol.jobs.logs import Progress, spoken_time

TIMEOUT_SECONDS = 60.0
PAUSES_SECONDS = (1, 5, 15, 60, 120, 300)
_PASSING_STATUS = {408, 425, 429, 500, 502, 503, 504}
_CHUNK_BYTES = 1 << 18
_HEADERS = {
    "User-Agent": "mscol",
    "Accept-Encoding": "identity",
}  # the file itself, without compression in transfer


class _Cut(Exception):
    """A failure that may not occur at the next attempt."""


def remote_size(url, timeout=TIMEOUT_SECONDS):
    """Ask a server for the size of a file.

    Returns
    -------
    int or None
        Bytes; None if the server does not state it or does not answer, which `download` reports.
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
        The file to write; it appears only when it is complete. An existing file from this address is kept.
    vouched : bool
        Whether a checksum will verify the file. Then a partial download is completed even if the server does not
        state the version of the file.
    pauses : sequence of float
        Seconds to wait before each further attempt; the sequence restarts after an attempt that received data.
    timeout : float
        Seconds without a byte after which an attempt ends.

    Raises
    ------
    FetchError
        If the server refuses, or all attempts have failed. The partial download is kept for the next call.
    OSError
        If the disk fails.
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
                    f"{url}: {cut}, again and again. {spoken_bytes(here)} are kept in {partial}. Run again to resume"
                ) from cut
            logging.warning("%s: %s. The next attempt follows in %s.", url, cut, spoken_time(waits[0]))
            time.sleep(waits.pop(0))
    os.replace(partial, path)


def forget(path):
    """Remove a download, complete or partial, so that the next attempt starts at the first byte."""
    for file in (path, *_companions(path)):
        file.unlink(missing_ok=True)


def partial_bytes(path):
    """Return the number of bytes of a download that are there already."""
    return _size(path) or _size(_companions(path)[0])


def _companions(path):
    return [path.with_name(path.name + suffix) for suffix in (".partial", ".source")]


def _size(path):
    return path.stat().st_size if path.exists() else 0


def _remembered(source):
    try:
        return dict(read_json(source))
    except (FileNotFoundError, CacheError, ValueError, TypeError):  # dict() raises the last two
        return {}


def _attempt(url, partial, source, vouched, timeout):
    """Fetch the missing part over one connection."""
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
            logging.info("%s: resuming at %s.", url, spoken_bytes(start))
        else:
            if start:
                logging.info("%s: the server sends the whole file again.", url)
            start, size = 0, _length(response)
            partial.unlink(missing_ok=True)
            # Before the first byte, so that a partial file never has the record of another version
            write_json({"url": url, "version": _version(response), "size": size}, source)
        received = _receive(response, partial, start, size)
    if size is not None and received < size:
        raise _Cut(f"the transfer was cut after {spoken_bytes(received)} of {spoken_bytes(size)}")


def _request(url, headers, method="GET"):
    return urllib.request.Request(url, headers=_HEADERS | headers, method=method)


def _opened(url, headers, partial, timeout):
    """Open a connection; a failure is either a `_Cut` or final."""
    try:
        return urllib.request.urlopen(_request(url, headers), timeout=timeout)
    except urllib.error.HTTPError as error:
        if error.code == 416:  # the partial download does not fit the server's file
            partial.unlink(missing_ok=True)
            raise _Cut("the server does not have the rest of this file") from error
        if error.code in _PASSING_STATUS:
            raise _Cut(f"the server answers {error.code} ({error.reason})") from error
        raise FetchError(
            f"{url}: the server answers {error.code} ({error.reason}). Correct the address, or set another source"
        ) from error
    except (http.client.InvalidURL, ValueError) as error:
        raise FetchError(f"{url}: not a valid address ({error}). Correct it") from error
    except (OSError, http.client.HTTPException) as error:
        reason = getattr(error, "reason", error)
        unknown = isinstance(reason, socket.gaierror) and reason.errno != socket.EAI_AGAIN
        if unknown or isinstance(reason, ssl.SSLCertVerificationError):
            raise FetchError(
                f"{url}: no connection ({reason}). Check the internet access of this machine, or set another source"
            ) from error
        raise _Cut(f"no connection ({reason or type(error).__name__})") from error


def _length(response):
    length = response.headers.get("Content-Length", "")
    return int(length) if length.isascii() and length.isdigit() else None


def _version(response):
    """Return what identifies the version of a file: a strong entity tag, or else the date."""
    tag = response.headers.get("ETag", "")
    return tag if tag.startswith('"') else response.headers.get("Last-Modified", "")


def _size_of_rest(response, start, known, partial):
    """Return the size of the whole file when the server sends the rest."""
    sent = re.fullmatch(r"bytes (\d+)-(\d+)/(\d+|\*)", response.headers.get("Content-Range", ""))
    size = int(sent[3]) if sent and sent[3] != "*" else known.get("size")
    if not sent or int(sent[1]) != start or (known.get("size") or size) != size:
        partial.unlink(missing_ok=True)
        raise _Cut("the server sends a different part than requested")
    return size


def _receive(response, partial, start, size):
    """Append received data to the partial file, up to the size of the whole; return the size of the partial file."""
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
    """Read the data received so far: waiting for a whole chunk on a slow connection would delay the progress lines."""
    try:
        return response.read1(count)
    except (OSError, http.client.HTTPException) as error:
        raise _Cut(f"the transfer was cut ({error or type(error).__name__})") from error


def local_file(address):
    """Return the local file of an address, or None for a web address.

    >>> local_file("file:///data/mp3.zip.001"), local_file("data/x.zip"), local_file("https://host/x.zip")
    (PosixPath('/data/mp3.zip.001'), PosixPath('data/x.zip'), None)
    """
    parts = urllib.parse.urlsplit(address)
    if parts.scheme in ("http", "https"):
        return None
    return Path(urllib.request.url2pathname(parts.path) if parts.scheme == "file" else address)
