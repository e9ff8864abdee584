import numpy as np
import pytest

from mscol.io.arrays import RowWriter


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
