"""What killed writers left is removed by the next one; what living ones write is left alone."""

import os
import subprocess
import sys

from mscol.io.atomic import atomic_path

WRITER = """
import sys
from mscol.io.atomic import atomic_path
with atomic_path(sys.argv[1]) as partial:
    partial.write_text("half")
    print("writing", flush=True)
    sys.stdin.read()
"""


def leftovers(folder):
    return [path.read_text() for path in folder.glob(".partial-*/table.csv")]


def test_only_what_a_killed_writer_left_is_removed(tmp_path):
    path = tmp_path / "table.csv"
    with subprocess.Popen(
        [sys.executable, "-c", WRITER, path], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as writer:
        assert writer.stdout.readline() == "writing\n"
        with atomic_path(path) as partial:
            partial.write_text("whole")
        assert leftovers(tmp_path) == ["half"]  # of a living one
        writer.kill()
        writer.wait()
    assert leftovers(tmp_path) == ["half"] and path.read_text() == "whole"
    with atomic_path(tmp_path / "another.csv") as partial:
        partial.touch()
    assert leftovers(tmp_path) == [] and path.read_text() == "whole"


def test_leftovers_without_a_lock_stay(tmp_path):
    (tmp_path / ".partial-unknown").mkdir()
    with atomic_path(tmp_path / "table.csv") as partial:
        partial.touch()
    assert sorted(os.listdir(tmp_path)) == [".partial-unknown", "table.csv"]


def test_replaced_folder_is_never_seen_in_part(tmp_path):
    for content in ("first", "second"):
        with atomic_path(tmp_path / "folder") as partial:
            partial.mkdir()
            (partial / content).touch()
            seen = os.listdir(tmp_path / "folder") if content == "second" else ["first"]
            assert seen == ["first"]
    assert os.listdir(tmp_path / "folder") == ["second"] and os.listdir(tmp_path) == ["folder"]
