"""Arrow columns as numpy: flat, as truth values, as codes; and positions within runs."""

import numpy as np
import pyarrow as pa
import pytest

from embedding_features.arrays import positions_in_runs
from embedding_features.arrow import codes, flat_array, mask


@pytest.mark.parametrize(
    "column",
    [
        pa.array(["b", None, "a", "b"]),
        pa.chunked_array([["b", None], [], ["a", "b"]]),
        pa.array(["b", None, "a", "b"]).dictionary_encode(),
        pa.chunked_array([["b", None], ["a", "b"]]).dictionary_encode(),
    ],
)
def test_every_layout_is_one_array_with_one_numbering(column: pa.Array | pa.ChunkedArray) -> None:
    flat = flat_array(column)
    assert isinstance(flat, pa.Array)
    assert flat.to_pylist() == ["b", None, "a", "b"]
    assert codes(column).tolist() == [0, 1, 2, 0]
    assert codes(column).dtype == np.int64


def test_columns_without_chunks_are_flat() -> None:
    empty = pa.chunked_array([], pa.string())
    assert flat_array(empty).type == pa.string()
    assert len(codes(empty)) == 0
    assert len(mask(pa.chunked_array([], pa.bool_()))) == 0


def test_masks_are_bool_and_can_be_written_to() -> None:
    found = mask(pa.chunked_array([[True, None], [False]]))
    assert found.dtype == np.bool_
    assert found.tolist() == [True, False, False]
    found |= True
    assert found.all()


@pytest.mark.parametrize("lengths", [[], [0], [3], [2, 0, 0, 3, 1]])
def test_positions_count_from_zero_in_each_run(lengths: list[int]) -> None:
    expected = [position for length in lengths for position in range(length)]
    assert positions_in_runs(np.array(lengths, np.int64)).tolist() == expected
