"""Arrow columns as numpy arrays: numbers, lists and how they are padded, dims of vectors."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from embedding_features.arrays import F32, I64, AnyArray, positions_in_runs
from embedding_features.arrow import flat_array
from embedding_features.errors import DataError

_NUMBERS = (pa.types.is_integer, pa.types.is_floating, pa.types.is_decimal, pa.types.is_boolean)
_LISTS = (pa.types.is_list, pa.types.is_large_list, pa.types.is_fixed_size_list)


def floats(column: pa.ChunkedArray | pa.Array, name: str = "numbers") -> F32:
    """Return [n] numbers, null as NaN.

    Args:
        column: of numbers or truths.
        name: the field's name, for errors.

    Raises:
        DataError: when the column is of anything else.
    """
    if not (pa.types.is_null(column.type) or any(is_type(column.type) for is_type in _NUMBERS)):
        raise DataError(f"{name}: a column of {column.type}, not of numbers", fix="cast it")
    values = flat_array(column).cast(pa.float32(), safe=False)
    return np.array(values.to_numpy(zero_copy_only=False), np.float32)


@dataclass(frozen=True)
class Lists:
    """Holds a column of lists in pieces.

    Attributes:
        flat: [v] all values, one list behind another.
        row: [v] the list of each value.
        position: [v] the place of each value in its list.
        length: [n] of each list.
    """

    flat: pa.Array
    row: I64
    position: I64
    length: I64

    @classmethod
    def of(cls, column: pa.ChunkedArray | pa.Array, name: str = "lists") -> "Lists":
        """Return the lists of a column; null lists are empty.

        Args:
            column: of lists.
            name: the field's name, for errors.

        Raises:
            DataError: when the column is not of lists.
        """
        array = list_array(column, name)
        length = np.asarray(pc.list_value_length(array).fill_null(0).to_numpy(zero_copy_only=False), np.int64)
        row = np.repeat(np.arange(len(length)), length)
        return cls(flat_array(pc.list_flatten(array)), row, positions_in_runs(length), length)

    @property
    def width(self) -> int:
        """Return the length of the longest list, at least 1."""
        return max(1, int(self.length.max(initial=1)))

    def first(self, width: int) -> "Lists":
        """Return the first ``width`` values of each list."""
        if self.width <= width:
            return self
        kept = self.position < width
        length = np.minimum(self.length, width)
        return Lists(self.flat.filter(pa.array(kept)), self.row[kept], self.position[kept], length)

    def padded(self, values: AnyArray, width: int) -> AnyArray:
        """Return [n, width] what stands for the values, 0 after the end of a list.

        Args:
            values: [v] beside ``flat``.
            width: at least the longest list's.
        """
        padded = np.zeros((len(self.length), width), values.dtype)
        padded[self.row, self.position] = values
        return padded


def is_list(arrow_type: pa.DataType) -> bool:
    """Return whether a type is of lists, of one length or of many."""
    return any(is_type(arrow_type) for is_type in _LISTS)


def list_array(column: pa.ChunkedArray | pa.Array, name: str) -> pa.Array:
    """Return a column as one array of lists, in which null lists stay null.

    Args:
        column: of lists.
        name: the field's name, for errors.

    Raises:
        DataError: when the column is not of lists.
    """
    array = flat_array(column)
    if pa.types.is_null(array.type):
        return array.cast(pa.list_(pa.null()))
    if not is_list(array.type):
        raise DataError(
            f"{name}: a column of {array.type}, not of lists", fix="write each row's values as a list"
        )
    return array


def vector_dim(column: pa.ChunkedArray | pa.Array, name: str) -> int | None:
    """Return the dim of a column's vectors, from its type or its values; None where neither says.

    Args:
        column: of vectors.
        name: the column's name, for errors.

    Raises:
        DataError: when the column is not of lists of numbers, or lengths differ.
    """
    if pa.types.is_null(column.type):
        return None
    if not (is_list(column.type) and pa.types.is_floating(column.type.value_type)):
        raise DataError(f"{name}: a column of {column.type}, not of vectors", fix="ask the store for vectors")
    if pa.types.is_fixed_size_list(column.type):
        return int(column.type.list_size)
    lengths = pc.unique(pc.list_value_length(column.drop_null())).to_pylist()
    if len(lengths) > 1:
        raise DataError(
            f"{name}: vectors of lengths {sorted(lengths)}", fix="use snapshots of one space only"
        )
    return int(lengths[0]) if lengths else None
