"""Arrow columns as one array, and their truth values and distinct values as numpy arrays."""

import numpy as np
import pyarrow as pa

from embedding_features.arrays import I64, Bool


def flat_array(column: pa.Array | pa.ChunkedArray) -> pa.Array:
    """Return a column as one array without a dictionary, copied only where it has to be."""
    array = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    if isinstance(array, pa.ChunkedArray):  # no chunk, or more than one array can hold
        array = pa.concat_arrays(array.chunks) if array.num_chunks else pa.array([], array.type)
    return array.dictionary_decode() if pa.types.is_dictionary(array.type) else array


def mask(truths: pa.Array | pa.ChunkedArray) -> Bool:
    """Return truth values as an [n] bool array that may be written to, False where null."""
    return np.array(flat_array(truths).to_numpy(zero_copy_only=False), np.bool_)


def codes(values: pa.Array | pa.ChunkedArray) -> I64:
    """Return the [n] int64 code of each value, numbered from 0 as they first occur; null is a value too."""
    encoded = flat_array(values).dictionary_encode(null_encoding="encode")
    return np.asarray(encoded.indices.to_numpy(), np.int64)
