"""`snakemake fetch_mtat` from a web server near by: killed, resumed, and then a dataset like any other."""

import contextlib
import os
import signal
import subprocess
import time

import pandas as pd
import yaml
from archive_server import serving
from running import command, run
from small_archives import COUNTS, MTAT_CLIPS, mtat_files, sha256

TABLE = "clip_info_final.csv"
UNLOCKED = ("--nolock",)  # Snakemake itself is killed, too


def write_config(path, address, files):
    """Write a config that gets the small archives, and that names the dataset already."""
    downloads = {
        "source": address,
        "files": {name: {"checksum": sha256(content)} for name, content in files.items()},
        "counts": COUNTS["mtat"],
        "unpacked_gigabytes": 0.1,
    }
    mtat = {"layout": "mtat", "root": "datasets/mtat", "split": "folder"}
    path.write_text(yaml.safe_dump({"downloads": {"mtat": downloads}, "datasets": {"mtat": mtat}}))


def kill_when(process, is_time, at_most_seconds=60):
    """Kill all processes of a run as kill -9 does, once it is time."""
    until = time.monotonic() + at_most_seconds
    while not is_time() and process.poll() is None and time.monotonic() < until:
        time.sleep(0.05)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def test_fetch_is_killed_and_resumed_and_its_dataset_is_used(workflow, tmp_path):
    (tmp_path / "archives").mkdir()
    files = mtat_files(tmp_path / "archives")
    files[TABLE] += b"\n" * 1_000_000  # long enough to be killed at
    options = {"configfiles": (tmp_path / "mine.yaml",)}
    with serving(files) as server:
        write_config(tmp_path / "mine.yaml", server.address, files)
        server.seconds_a_chunk = 0.3
        partial = tmp_path / "datasets" / ".mtat-downloads" / f"{TABLE}.partial"
        arguments = command(workflow, tmp_path, "fetch_mtat", **options)
        with subprocess.Popen(arguments, start_new_session=True, stderr=subprocess.DEVNULL) as process:
            kill_when(process, lambda: partial.exists() and partial.stat().st_size > 50_000)
        there = partial.stat().st_size
        assert 50_000 < there < 1_000_000
        assert not (tmp_path / "datasets" / "mtat").exists()

        server.seconds_a_chunk = 0
        printed = run(workflow, tmp_path, "fetch_mtat", *UNLOCKED, **options)
        assert "Add this to your config: datasets: {mtat: {layout: mtat, root: datasets/mtat}}" in printed
        log = (tmp_path / "logs" / "fetch_dataset" / "mtat.log").read_text()
        assert log.rstrip().endswith("datasets: {mtat: {layout: mtat, root: datasets/mtat}}")
        assert (TABLE, there, len(files[TABLE]) - there) in server.sent
        assert all(len(server.sent_of(name)) == 1 for name in files if name != TABLE)

        # All is there: nothing is fetched again, and the manifest is written from it.
        sent = server.sent
        run(workflow, tmp_path, "fetch_mtat", "manifests/mtat/clips.csv", *UNLOCKED, **options)
        assert server.sent == sent
    assert sorted(os.listdir(tmp_path / "datasets")) == ["mtat", "mtat.json"]
    clips = pd.read_csv(tmp_path / "manifests" / "mtat" / "clips.csv")
    assert sorted(clips["path"]) == [path for path, seconds, _ in MTAT_CLIPS if seconds]
