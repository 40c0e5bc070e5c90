"""Arrow columns to the arrays of fields: vocabularies of the training rows, padded lists, vectors."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from embedding_features.arrays import F32, I32, I64, Bool
from embedding_features.errors import DataError


def flat_array(column: pa.ChunkedArray | pa.Array) -> pa.Array:
    """One array of a column, dictionaries decoded."""
    array = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    if isinstance(array, pa.ChunkedArray):  # no chunk, or more than one array can hold
        array = pa.concat_arrays(array.chunks) if array.num_chunks else pa.array([], array.type)
    return array.dictionary_decode() if pa.types.is_dictionary(array.type) else array


def floats(column: pa.ChunkedArray | pa.Array) -> F32:
    """[n] numbers, null as NaN."""
    values = flat_array(column).cast(pa.float32(), safe=False)
    return np.array(values.to_numpy(zero_copy_only=False), np.float32)


@dataclass(frozen=True)
class Vocabulary:
    """Values known from training rows; code c is ``values[c - 1]``, 0 everything else."""

    values: pa.Array

    @classmethod
    def fit(cls, values: pa.Array, min_count: int) -> "Vocabulary":
        """The values seen at least ``min_count`` times, ascending: codes do not depend on row order."""
        counted = pc.value_counts(values.drop_null())
        kept = counted.field("values").filter(pc.greater_equal(counted.field("counts"), min_count))
        return cls(kept.take(pc.sort_indices(kept)))

    @property
    def size(self) -> int:
        """Number of codes, the unknown one included."""
        return len(self.values) + 1

    def encode(self, values: pa.Array) -> I32:
        """[n] codes."""
        codes = pc.index_in(values.cast(self.values.type), value_set=self.values)
        return np.asarray(pc.add(codes, 1).fill_null(0).to_numpy(zero_copy_only=False), np.int32)


@dataclass(frozen=True)
class Lists:
    """A list column in pieces: ``flat`` values, and where each belongs."""

    flat: pa.Array
    row: I64
    position: I64
    length: I64

    @classmethod
    def of(cls, column: pa.ChunkedArray | pa.Array) -> "Lists":
        """Null lists are empty."""
        array = flat_array(column)
        length = np.asarray(pc.list_value_length(array).fill_null(0).to_numpy(zero_copy_only=False), np.int64)
        row = np.repeat(np.arange(len(length)), length)
        first = np.repeat(np.cumsum(length) - length, length)
        return cls(flat_array(pc.list_flatten(array)), row, np.arange(len(row)) - first, length)

    @property
    def width(self) -> int:
        return max(1, int(self.length.max(initial=1)))

    def of_rows(self, rows: Bool) -> pa.Array:
        """The flat values of the rows where the mask is true."""
        return self.flat.filter(pa.array(rows[self.row]))


def padded_bag(lists: Lists, codes: I32, weights: F32 | None) -> tuple[I32, F32]:
    """[n, width] codes and weights: known codes only, weights from 0 up and of sum 1 a row.

    Args:
        codes: [values] of ``lists.flat``.
        weights: beside them, negative ones count as 0; None weighs alike.
    """
    shape = (len(lists.length), lists.width)
    padded, scaled = np.zeros(shape, np.int32), np.zeros(shape, np.float32)
    padded[lists.row, lists.position] = codes
    scaled[lists.row, lists.position] = 1 if weights is None else np.maximum(weights, 0)
    scaled[padded == 0] = 0
    total = scaled.sum(axis=1, keepdims=True)
    np.divide(scaled, total, out=scaled, where=total > 0)
    return padded, scaled


def vectors(name: str, column: pa.ChunkedArray | pa.Array) -> tuple[F32, Bool]:
    """[n, dim] vectors, zero where null, and [n] which are not.

    Raises:
        DataError: when lengths differ or a value is null, NaN or infinite.
    """
    array = flat_array(column)
    present = np.asarray(array.is_valid().to_numpy(zero_copy_only=False), np.bool_)
    lengths = pc.unique(pc.list_value_length(array.drop_null())).to_pylist()
    if len(lengths) > 1:
        raise DataError(
            f"{name}: vectors of lengths {sorted(lengths)}", fix="use snapshots of one space only"
        )
    dim = lengths[0] if lengths else max(1, getattr(array.type, "list_size", 1))
    values = np.zeros((len(array), dim), np.float32)
    flat = pc.list_flatten(array.drop_null()).cast(pa.float32())
    values[present] = np.asarray(flat.to_numpy(zero_copy_only=False)).reshape(-1, dim)
    if not np.isfinite(values).all():
        raise DataError(f"{name}: a vector holds a null, NaN or infinity", fix="publish the snapshot again")
    return values, present
