"""A web server for tests of fetching, which can be told to misbehave."""

import contextlib
import hashlib
import http.server
import re
import threading
import time


class ArchiveServer(http.server.ThreadingHTTPServer):
    """Serves files from memory, on a port of its own.

    Attributes
    ----------
    files : dict of str to bytes
    knows_ranges, names_versions, says_sizes : bool
        Whether it sends parts of files, entity tags, and lengths.
    cuts : list of int
        Each download takes the first of these off, and breaks off after so many bytes.
    refusals : list of int
        Each download takes the first of these off, and gets this status instead of a file.
    seconds_a_chunk : float
        A pause after each 16 kB.
    sent : list of (str, int, int)
        Of each download that is over: the name, the first byte, and how many were sent.
    """

    def __init__(self, files):
        super().__init__(("127.0.0.1", 0), _Handler)
        self.files = dict(files)
        self.knows_ranges = self.names_versions = self.says_sizes = True
        self.cuts, self.refusals, self._sent = [], [], []
        self._sending = threading.Condition()
        self._downloads = 0
        self.seconds_a_chunk = 0.0

    @property
    def address(self):
        return f"http://127.0.0.1:{self.server_port}"

    @property
    def sent(self):
        # A client may have its last byte before we have written down that we sent it.
        with self._sending:
            self._sending.wait_for(lambda: self._downloads == 0, timeout=10)
            return list(self._sent)

    @contextlib.contextmanager
    def noting(self, name, start):
        """Note a download when it is over; the block counts its bytes up."""
        counted = [0]
        with self._sending:
            self._downloads += 1
        try:
            yield counted
        finally:
            with self._sending:
                self._sent.append((name, start, counted[0]))
                self._downloads -= 1
                self._sending.notify_all()

    def sent_of(self, name):
        return [(start, count) for sent_name, start, count in self.sent if sent_name == name]


@contextlib.contextmanager
def serving(files):
    """Yield a running server."""
    with ArchiveServer(files) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


class _Handler(http.server.BaseHTTPRequestHandler):
    def log_message(self, *arguments):
        pass

    def do_HEAD(self):
        self._answer(with_body=False)

    def do_GET(self):
        self._answer(with_body=True)

    def _answer(self, with_body):
        server, name = self.server, self.path.lstrip("/")
        if with_body and server.refusals:
            return self.send_error(server.refusals.pop(0))
        if name not in server.files:
            return self.send_error(404)
        content = server.files[name]
        tag = f'"{hashlib.md5(content).hexdigest()}"'
        start = self._start(len(content), tag)
        if start is not None and start >= len(content):
            self.send_response(416)
            self.send_header("Content-Range", f"bytes */{len(content)}")
            return self.end_headers()
        self.send_response(200 if start is None else 206)
        if start is not None:
            self.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
        if server.says_sizes:
            self.send_header("Content-Length", str(len(content) - (start or 0)))
        if server.names_versions:
            self.send_header("ETag", tag)
        self.end_headers()
        if with_body:
            self._send(name, start or 0, content)

    def _start(self, size, tag):
        """The first byte that is asked for, or None where all of the file is to be sent."""
        asked = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
        same = self.headers.get("If-Range") in (None, tag if self.server.names_versions else "")
        return int(asked[1]) if asked and same and self.server.knows_ranges else None

    def _send(self, name, start, content):
        server = self.server
        end = len(content)
        if server.cuts:
            end = min(end, start + server.cuts.pop(0))
        with server.noting(name, start) as counted, contextlib.suppress(ConnectionError):
            for position in range(start, end, 1 << 14):
                chunk = content[position : min(end, position + (1 << 14))]
                self.wfile.write(chunk)
                counted[0] += len(chunk)
                time.sleep(server.seconds_a_chunk)
