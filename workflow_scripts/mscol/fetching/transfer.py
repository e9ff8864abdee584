"""Download one file from an HTTP server and resume interrupted downloads.

An incomplete download is ``NAME.partial``. ``NAME.source`` records its address and the version of the file. Only the rest
of that version is requested (Range with If-Range), so parts of different versions are never mixed. A server without range
requests sends the whole file again.
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
_HEADERS = {"User-Agent": "mscol", "Accept-Encoding": "identity"}  # no further compression


class _Cut(Exception):
    """An error that the next attempt may not have."""


def remote_size(url, timeout=TIMEOUT_SECONDS):
    """Return the size of a file on a server.

    Returns
    -------
    int or None
        Bytes; None if the server does not report it or does not answer (`download` then reports why).
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
        File to write; it exists only when it is complete. If it exists and is from this address, nothing is downloaded.
    vouched : bool
        Whether a checksum follows. If so, a partial download is also resumed when the server does not report the version
        of the file.
    pauses : sequence of float
        Seconds to wait before each further attempt. They start over after an attempt that received data.
    timeout : float
        Seconds without data after which an attempt ends.

    Raises
    ------
    FetchError
        If the server refuses or all attempts fail. The partial download stays for the next call.
    OSError
        If the disk cannot be written.
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
                    f"{url}: {cut}, in every attempt. {spoken_bytes(here)} are kept in {partial}. Run again to resume."
                ) from cut
            logging.warning("%s: %s. The next attempt starts in %s.", url, cut, spoken_time(waits[0]))
            time.sleep(waits.pop(0))
    os.replace(partial, path)


def forget(path):
    """Remove a download, complete or partial, so that the next attempt starts from the beginning."""
    for file in (path, *_companions(path)):
        file.unlink(missing_ok=True)


def partial_bytes(path):
    """Return the number of bytes downloaded so far."""
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
    """Download the rest of a file over one connection."""
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
            # Before the first byte, so that a partial file never has the .source of another version
            write_json({"url": url, "version": _version(response), "size": size}, source)
        received = _receive(response, partial, start, size)
    if size is not None and received < size:
        raise _Cut(f"the transfer stopped after {spoken_bytes(received)} of {spoken_bytes(size)}")


def _request(url, headers, method="GET"):
    return urllib.request.Request(url, headers=_HEADERS | headers, method=method)


def _opened(url, headers, partial, timeout):
    """Open a connection; raise `_Cut` if a new attempt may succeed, otherwise `FetchError`."""
    try:
        return urllib.request.urlopen(_request(url, headers), timeout=timeout)
    except urllib.error.HTTPError as error:
        if error.code == 416:  # the partial file does not match the file on the server
            partial.unlink(missing_ok=True)
            raise _Cut("the server does not have the rest of this file") from error
        if error.code in _PASSING_STATUS:
            raise _Cut(f"the server answers {error.code} ({error.reason})") from error
        raise FetchError(
            f"{url}: the server answers {error.code} ({error.reason}). Correct the address or use another source."
        ) from error
    except (http.client.InvalidURL, ValueError) as error:
        raise FetchError(f"{url}: not a valid address ({error})") from error
    except (OSError, http.client.HTTPException) as error:
        reason = getattr(error, "reason", error)
        unknown = isinstance(reason, socket.gaierror) and reason.errno != socket.EAI_AGAIN
        if unknown or isinstance(reason, ssl.SSLCertVerificationError):
            raise FetchError(
                f"{url}: no connection ({reason}). Check the internet access of this machine, or use another source."
            ) from error
        raise _Cut(f"no connection ({reason or type(error).__name__})") from error


def _length(response):
    length = response.headers.get("Content-Length", "")
    return int(length) if length.isascii() and length.isdigit() else None


def _version(response):
    """Return what identifies the version of a file: a strong entity tag, otherwise its date."""
    tag = response.headers.get("ETag", "")
    return tag if tag.startswith('"') else response.headers.get("Last-Modified", "")


def _size_of_rest(response, start, known, partial):
    """Return the size of the whole file when the server sends the rest."""
    sent = re.fullmatch(r"bytes (\d+)-(\d+)/(\d+|\*)", response.headers.get("Content-Range", ""))
    size = int(sent[3]) if sent and sent[3] != "*" else known.get("size")
    if not sent or int(sent[1]) != start or (known.get("size") or size) != size:
        partial.unlink(missing_ok=True)
        raise _Cut("the server sends another part than requested")
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
    """Read what has arrived so far: waiting for a whole chunk on a slow line would delay progress lines."""
    try:
        return response.read1(count)
    except (OSError, http.client.HTTPException) as error:
        raise _Cut(f"the transfer stopped ({error or type(error).__name__})") from error


def local_file(address):
    """Return the local file that an address names, or None for an HTTP address.

    >>> local_file("file:///data/mp3.zip.001"), local_file("data/x.zip"), local_file("https://host/x.zip")
    (PosixPath('/data/mp3.zip.001'), PosixPath('data/x.zip'), None)
    """
    parts = urllib.parse.urlsplit(address)
    if parts.scheme in ("http", "https"):
        return None
    return Path(urllib.request.url2pathname(parts.path) if parts.scheme == "file" else address)
