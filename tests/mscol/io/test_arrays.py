import os
import resource
import subprocess
import sys

import numpy as np
import pytest

from mscol.errors import CacheError
from mscol.io.arrays import RowReader, RowWriter


@pytest.mark.parametrize("row_shape", [(64,), (2, 5), ()])
def test_rows_that_were_appended_are_an_array(tmp_path, row_shape):
    rows = np.random.default_rng(0).normal(size=(1234, *row_shape)).astype(np.float32)
    with RowWriter(tmp_path / "deep" / "x.npy", row_shape, "float32") as writer:
        assert [writer.append(part) for part in (rows[:1], rows[1:1000], rows[1000:])] == [0, 1, 1000]
    assert writer.n_rows == 1234
    np.testing.assert_array_equal(np.load(tmp_path / "deep" / "x.npy", allow_pickle=False), rows)


def test_no_rows_are_an_empty_array_of_the_right_shape(tmp_path):
    with RowWriter(tmp_path / "x.npy", (3, 4), "float16"):
        pass
    empty = np.load(tmp_path / "x.npy")
    assert empty.shape == (0, 3, 4) and empty.dtype == np.float16


def test_nothing_is_left_when_writing_fails(tmp_path):
    with (
        pytest.raises(RuntimeError, match="half-way"),
        RowWriter(tmp_path / "x.npy", (64,), "float32") as writer,
    ):
        writer.append(np.zeros((3, 64)))
        raise RuntimeError("half-way")
    assert list(tmp_path.iterdir()) == []


@pytest.fixture(params=["float32", "float16"])
def rows(request, tmp_path):
    """Rows that stand in x.npy, too."""
    rows = np.random.default_rng(0).normal(size=(50, 7)).astype(request.param)
    np.save(tmp_path / "x.npy", rows)
    return rows


def test_rows_are_read_from_any_place_into_any_precision(tmp_path, rows):
    reader = RowReader(tmp_path / "x.npy")
    assert len(reader) == 50 and reader.shape == rows.shape and reader.dtype == rows.dtype
    assert reader.nbytes == rows.nbytes
    np.testing.assert_array_equal(np.asarray(reader), rows)
    for first, n in ((0, 50), (49, 1), (13, 5), (20, 0)):
        read = np.full((n, 7), np.nan, np.float32)
        reader.read(first, read)
        np.testing.assert_array_equal(read, rows[first : first + n])


def test_file_that_is_cut_while_it_is_read_is_named(tmp_path, rows):
    reader = RowReader(tmp_path / "x.npy")
    os.truncate(tmp_path / "x.npy", os.path.getsize(tmp_path / "x.npy") - 1)
    reader.read(0, np.empty((49, 7), np.float32))
    with pytest.raises(CacheError, match=r"x\.npy: truncated while it was read"):
        reader.read(0, np.empty((50, 7), np.float32))


def test_array_stored_by_columns_is_refused(tmp_path):
    np.save(tmp_path / "x.npy", np.asfortranarray(np.ones((3, 4), np.float32)))
    with pytest.raises(CacheError, match="stored column by column"):
        RowReader(tmp_path / "x.npy")


def test_readers_close_their_files(tmp_path, rows):
    def n_open():
        return len(os.listdir("/dev/fd"))

    before = n_open()
    readers = [RowReader(tmp_path / "x.npy") for _ in range(9)]
    assert n_open() == before + 9
    del readers
    assert n_open() == before


def test_more_files_than_most_machines_allow_can_be_open_at_once():
    # The four sources and the mixtures of MTAT in 256 shards are 1,280 files; the usual limit is 1,024.
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    program = f"""
import os, resource
from mscol.io.arrays import allow_open_files
resource.setrlimit(resource.RLIMIT_NOFILE, (100, {hard}))
for _ in range(5):
    allow_open_files(50)
files = [os.open("/dev/null", os.O_RDONLY) for _ in range(300)]
allow_open_files(10**9)
assert resource.getrlimit(resource.RLIMIT_NOFILE)[0] <= {hard if hard > 0 else 10**10}
"""
    subprocess.run([sys.executable, "-c", program], check=True)
