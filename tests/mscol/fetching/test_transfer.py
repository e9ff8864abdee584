"""Downloads: resumed where they were cut, never glued together from two versions."""

import random
import signal
import socket
import subprocess
import sys
import time

import pytest

from mscol.errors import FetchError
from mscol.fetching.transfer import download, remote_size

CONTENT = random.Random(1).randbytes(600_000)
OTHER = random.Random(2).randbytes(600_000)


@pytest.fixture
def get(server, tmp_path):
    """Download the server's one file."""
    server.files["x.zip"] = CONTENT

    def run(**options):
        path = tmp_path / "x.zip"
        download(f"{server.address}/x.zip", path, **{"pauses": (0, 0), "timeout": 10} | options)
        return path.read_bytes()

    return run


def test_cut_transfer_goes_on_where_it_was_cut(server, get, tmp_path):
    server.cuts = [200_000, 100_000]
    assert get() == CONTENT
    assert server.sent == [("x.zip", 0, 200_000), ("x.zip", 200_000, 100_000), ("x.zip", 300_000, 300_000)]
    assert not (tmp_path / "x.zip.partial").exists()
    assert get() == CONTENT and len(server.sent) == 3  # it is there


def test_killed_transfer_is_resumed_by_the_next_process(server, get, tmp_path):
    server.seconds_a_chunk = 0.05
    code = (
        "import sys, pathlib; from mscol.fetching.transfer import download; "
        "download(sys.argv[1], pathlib.Path(sys.argv[2]))"
    )
    arguments = [sys.executable, "-c", code, f"{server.address}/x.zip", str(tmp_path / "x.zip")]
    with subprocess.Popen(arguments) as process:
        partial = tmp_path / "x.zip.partial"
        until = time.monotonic() + 20
        while not (partial.exists() and partial.stat().st_size > 100_000) and time.monotonic() < until:
            time.sleep(0.02)
        process.send_signal(signal.SIGKILL)
    there = partial.stat().st_size
    assert 100_000 < there < len(CONTENT) and not (tmp_path / "x.zip").exists()
    server.seconds_a_chunk = 0
    assert get() == CONTENT
    assert ("x.zip", there, len(CONTENT) - there) in server.sent


def test_server_without_ranges_sends_all_of_it_again(server, get):
    server.knows_ranges, server.cuts = False, [400_000]
    assert get() == CONTENT
    assert server.sent == [("x.zip", 0, 400_000), ("x.zip", 0, 600_000)]


@pytest.mark.parametrize("vouched", [False, True])
def test_file_that_changed_at_the_server_is_not_glued_together(server, get, vouched):
    server.cuts = [400_000]
    with pytest.raises(
        FetchError, match="x.zip: the transfer was cut after 400.0 kB of 600.0 kB, again and again"
    ):
        get(pauses=(), vouched=vouched)
    server.files["x.zip"] = OTHER
    assert get(vouched=vouched) == OTHER


def test_part_of_unknown_version_is_completed_only_under_a_checksum(server, get, tmp_path):
    server.names_versions, server.cuts = False, [400_000, 400_000]
    assert get(vouched=False) == CONTENT
    assert [start for _, start, _ in server.sent] == [0, 0, 0]
    (tmp_path / "x.zip").unlink()
    server.cuts = [400_000]
    assert get(vouched=True) == CONTENT
    assert [start for _, start, _ in server.sent[3:]] == [0, 400_000]


def test_part_from_another_address_is_not_taken(server, get, tmp_path):
    (tmp_path / "x.zip.partial").write_bytes(OTHER[:1000])
    (tmp_path / "x.zip.source").write_text('{"url": "http://elsewhere/x.zip", "version": "", "size": null}')
    assert get(vouched=True) == CONTENT


@pytest.mark.parametrize("record", ["", "7"])
def test_part_with_a_damaged_record_is_downloaded_again(server, get, tmp_path, record):
    (tmp_path / "x.zip.partial").write_bytes(OTHER[:1000])
    (tmp_path / "x.zip.source").write_text(record)
    assert get() == CONTENT


def test_part_longer_than_the_file_starts_anew(server, get, tmp_path):
    with pytest.raises(FetchError, match="again and again"):
        server.cuts = [400_000]
        get(pauses=())
    (tmp_path / "x.zip.partial").write_bytes(CONTENT + b"more")
    assert get() == CONTENT


def test_file_of_unknown_size_is_taken_to_its_end(server, get):
    server.says_sizes = False
    assert remote_size(f"{server.address}/x.zip") is None
    assert get() == CONTENT


def test_passing_refusals_are_outwaited(server, get):
    server.refusals = [503, 429]
    assert get() == CONTENT


def test_final_refusal_is_reported_at_once(server, get):
    server.refusals = [404]
    with pytest.raises(
        FetchError, match=r"x\.zip: the server answers 404 \(Not Found\). Correct the address"
    ):
        get()
    assert get() == CONTENT


def test_attempts_end_where_nothing_comes(server, get, tmp_path):
    server.cuts = [100_000, 0, 0]
    with pytest.raises(
        FetchError, match="the transfer was cut .* 100.0 kB are kept in .*x.zip.partial. Run again"
    ):
        get()
    assert server.cuts == []
    assert get() == CONTENT


def test_server_that_is_away_is_reported(tmp_path):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{free.getsockname()[1]}/x.zip"
        assert remote_size(address) is None
        with pytest.raises(FetchError, match=r"no connection \(.*refused\), again and again"):
            download(address, tmp_path / "x.zip", pauses=(0,))


def test_address_that_is_none_is_reported_at_once(tmp_path):
    with pytest.raises(FetchError, match=r"http://host/x y: not a valid address"):
        download("http://host/x y", tmp_path / "x.zip", pauses=(60,))


def test_silent_server_is_given_up_after_the_timeout(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"http://127.0.0.1:{silent.getsockname()[1]}/x.zip"
        with pytest.raises(FetchError, match=r"no connection \(timed out\)"):
            download(address, tmp_path / "x.zip", pauses=(), timeout=0.2)
