"""Arrow columns to the arrays of fields: numbers, padded lists, vectors."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from embedding_features.arrays import F32, I32, I64, AnyArray, Bool
from embedding_features.errors import DataError


def flat_array(column: pa.ChunkedArray | pa.Array) -> pa.Array:
    """One array of a column, dictionaries decoded."""
    array = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    if isinstance(array, pa.ChunkedArray):  # no chunk, or more than one array can hold
        array = pa.concat_arrays(array.chunks) if array.num_chunks else pa.array([], array.type)
    return array.dictionary_decode() if pa.types.is_dictionary(array.type) else array


def floats(column: pa.ChunkedArray | pa.Array, name: str = "numbers") -> F32:
    """[n] numbers, null as NaN.

    Raises:
        DataError: when the column is not of numbers or truths; ``name`` is the field's.
    """
    of = column.type
    numbers = (pa.types.is_integer, pa.types.is_floating, pa.types.is_decimal, pa.types.is_boolean)
    if not (pa.types.is_null(of) or any(is_one(of) for is_one in numbers)):
        raise DataError(f"{name}: a column of {of}, not of numbers", fix="cast it")
    values = flat_array(column).cast(pa.float32(), safe=False)
    return np.array(values.to_numpy(zero_copy_only=False), np.float32)


@dataclass(frozen=True)
class Lists:
    """A list column in pieces: ``flat`` values, and where each belongs."""

    flat: pa.Array
    row: I64
    position: I64
    length: I64

    @classmethod
    def of(cls, column: pa.ChunkedArray | pa.Array, name: str = "lists") -> "Lists":
        """Null lists are empty.

        Raises:
            DataError: when the column is not of lists; ``name`` is the field's.
        """
        array = list_array(column, name)
        length = np.asarray(pc.list_value_length(array).fill_null(0).to_numpy(zero_copy_only=False), np.int64)
        row = np.repeat(np.arange(len(length)), length)
        first = np.repeat(np.cumsum(length) - length, length)
        return cls(flat_array(pc.list_flatten(array)), row, np.arange(len(row)) - first, length)

    @property
    def width(self) -> int:
        return max(1, int(self.length.max(initial=1)))

    def first(self, width: int) -> "Lists":
        """The first ``width`` values of each list."""
        if self.width <= width:
            return self
        kept = self.position < width
        length = np.minimum(self.length, width)
        return Lists(self.flat.filter(pa.array(kept)), self.row[kept], self.position[kept], length)

    def padded(self, values: AnyArray, width: int) -> AnyArray:
        """[n, width] the ``values`` of ``flat``, 0 after the end of a list."""
        padded = np.zeros((len(self.length), width), values.dtype)
        padded[self.row, self.position] = values
        return padded


def is_list(of: pa.DataType) -> bool:
    """Whether a type is of lists, of one length or of many."""
    return bool(pa.types.is_list(of) or pa.types.is_large_list(of) or pa.types.is_fixed_size_list(of))


def list_array(column: pa.ChunkedArray | pa.Array, name: str) -> pa.Array:
    """One array of lists; null lists are null.

    Raises:
        DataError: when the column is not of lists; ``name`` is the field's.
    """
    array = flat_array(column)
    if pa.types.is_null(array.type):
        return array.cast(pa.list_(pa.null()))
    if not is_list(array.type):
        raise DataError(
            f"{name}: a column of {array.type}, not of lists", fix="write each row's values as a list"
        )
    return array


def padded_bag(lists: Lists, codes: I32, weights: F32 | None, width: int) -> tuple[I32, F32]:
    """[n, width] codes and weights: known codes only, weights from 0 up and of sum 1 a row.

    Args:
        lists: none longer than ``width``.
        codes: [values] of ``lists.flat``.
        weights: beside them, negative ones count as 0; None weighs alike.
    """
    padded = lists.padded(codes, width)
    given = np.ones(len(codes), np.float32) if weights is None else np.maximum(weights, 0)
    scaled = lists.padded(given, width)
    scaled[padded == 0] = 0
    total = scaled.sum(axis=1, keepdims=True)
    np.divide(scaled, total, out=scaled, where=total > 0)
    return padded, scaled


def vector_dim(column: pa.ChunkedArray | pa.Array, name: str) -> int | None:
    """Numbers a vector: of the type, or of the vectors there are; None where neither says.

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


def vectors(name: str, column: pa.ChunkedArray | pa.Array) -> tuple[F32, Bool]:
    """[n, dim] vectors, zero where null, and [n] which are not; dim 1 where nothing says otherwise.

    Raises:
        DataError: when lengths differ or a value is null, NaN or infinite.
    """
    array = flat_array(column)
    present = np.asarray(array.is_valid().to_numpy(zero_copy_only=False), np.bool_)
    dim = vector_dim(array, name) or 1
    values = np.zeros((len(array), dim), np.float32)
    if present.any():
        flat = pc.list_flatten(array.drop_null()).cast(pa.float32())
        values[present] = np.asarray(flat.to_numpy(zero_copy_only=False)).reshape(-1, dim)
    if not np.isfinite(values).all():
        raise DataError(f"{name}: a vector holds a null, NaN or infinity", fix="publish the snapshot again")
    return values, present
