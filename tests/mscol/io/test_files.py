"""Atomic writes, and work on many clips in their order."""

import threading
import time

import numpy as np
import pandas as pd
import pytest

from mscol.errors import CacheError
from mscol.io.atomic import atomic_path
from mscol.io.files import open_array, read_csv, read_results, write_csv
from mscol.jobs.parallel import ordered_map


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


def test_results_keep_names_that_look_like_numbers(tmp_path):
    table = pd.DataFrame(
        {"dataset": ["2024", "true", "null"], "model": ["1", "nan", "m"], "value": [0.5, np.nan, 1.0]}
    )
    write_csv(table, tmp_path / "table.csv")
    pd.testing.assert_frame_equal(read_results(tmp_path / "table.csv"), table, check_dtype=False)


@pytest.mark.parametrize("content", [b"", b'"a,b\n1,2', b"a\xff\n"])
def test_table_that_is_not_whole_is_an_error_that_names_it(tmp_path, content):
    (tmp_path / "table.csv").write_bytes(content)
    with pytest.raises(CacheError, match=r"table\.csv: incomplete table"):
        read_csv(tmp_path / "table.csv")


def test_damaged_arrays_are_errors_that_name_them(tmp_path):
    np.save(tmp_path / "x.npy", np.arange(10))
    whole = (tmp_path / "x.npy").read_bytes()
    np.save(tmp_path / "objects.npy", np.array([{}]), allow_pickle=True)
    np.savez(tmp_path / "archive.npz", a=1)
    for content in (
        whole[:-3], whole.replace(b"(10,)", b"(10,["), b"", whole[:20],
        (tmp_path / "objects.npy").read_bytes(), (tmp_path / "archive.npz").read_bytes(),
    ):  # fmt: skip
        (tmp_path / "x.npy").write_bytes(content)
        with pytest.raises(CacheError, match=r"x\.npy: damaged"):
            open_array(tmp_path / "x.npy")


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


def test_ordered_map_holds_no_more_results_than_it_may():
    begun = []
    results = ordered_map(lambda number: begun.append(number) or number, range(9), workers=1, held=2)
    assert next(results) == 0
    time.sleep(0.02)
    assert begun == [0, 1]
    assert list(results) == list(range(1, 9))


def test_ordered_map_raises_what_work_raises():
    with pytest.raises(ZeroDivisionError):
        list(ordered_map(lambda number: 1 // number, [2, 1, 0], workers=2))
