"""Atomic writes, and work on many clips in their order."""

import threading
import time

import pandas as pd
import pytest

from mscol.files import atomic_path, read_csv, write_csv
from mscol.parallel import ordered_map


def test_file_appears_only_when_it_is_whole(tmp_path):
    with atomic_path(tmp_path / "deep" / "table.csv") as partial:
        partial.write_text("whole")
        assert not (tmp_path / "deep" / "table.csv").exists()
    assert (tmp_path / "deep" / "table.csv").read_text() == "whole"
    assert [path.name for path in (tmp_path / "deep").iterdir()] == ["table.csv"]


def test_failure_leaves_what_was_there(tmp_path):
    (tmp_path / "table.csv").write_text("before")
    with pytest.raises(RuntimeError, match="on purpose"), atomic_path(tmp_path / "table.csv") as partial:
        partial.write_text("half")
        raise RuntimeError("on purpose")
    assert (tmp_path / "table.csv").read_text() == "before"
    assert len(list(tmp_path.iterdir())) == 1


def test_folder_replaces_a_folder(tmp_path):
    for content in ("first", "second"):
        with atomic_path(tmp_path / "folder") as partial:
            partial.mkdir()
            (partial / content).touch()
    assert [path.name for path in (tmp_path / "folder").iterdir()] == ["second"]


def test_texts_stay_texts(tmp_path):
    table = pd.DataFrame(
        {"id": ["000002", "NA", 'a "b", c'], "labels": ["None", "", "x;y"], "bytes": [1, 2, 3]}
    )
    write_csv(table, tmp_path / "table.csv")
    pd.testing.assert_frame_equal(read_csv(tmp_path / "table.csv"), table)


def test_ordered_map_keeps_order_and_bounds_what_waits():
    lock, running, most = threading.Lock(), [0], [0]

    def work(number):
        with lock:
            running[0] += 1
            most[0] = max(most[0], running[0])
        time.sleep(0.002 * (5 - number % 5))
        with lock:
            running[0] -= 1
        return number

    assert list(ordered_map(work, range(40), workers=3)) == list(range(40))
    assert 1 < most[0] <= 3


def test_ordered_map_raises_what_work_raises():
    with pytest.raises(ZeroDivisionError):
        list(ordered_map(lambda number: 1 // number, [2, 1, 0], workers=2))
