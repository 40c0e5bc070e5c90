"""Ids in whatever form they are given, as one Arrow array: the one way they come into the library."""

from collections.abc import Mapping, Sequence, Set
from typing import Any, TypeAlias

import numpy as np
import pyarrow as pa

from embedding_features.arrays import AnyArray
from embedding_features.errors import DataError

#: what ids may be given as; also a series of pandas or polars
Ids: TypeAlias = pa.Array | pa.ChunkedArray | AnyArray | Sequence[Any] | int | str


def flat_ids(values: Any) -> pa.Array:
    """Read ids: one, or a list, range, NumPy array, tensor, Arrow array, or series of pandas or polars.

    Returns:
        [n] their Arrow array, int64 where there are none. Categories are decoded, and text of any layout is
        ``string``; numbers stay what they are, so that nobody rounds them here.

    Raises:
        DataError: when they are not of one type: a bool among integers, a float among ids.

    Example:
        >>> flat_ids(range(3)).to_pylist()
        [0, 1, 2]
        >>> flat_ids("u7").to_pylist()
        ['u7']
    """
    try:
        array = _array(values)
        if pa.types.is_dictionary(array.type):
            array = array.dictionary_decode()
        if pa.types.is_large_string(array.type) or pa.types.is_string_view(array.type):
            array = array.cast(pa.string())
    except (pa.ArrowException, TypeError, ValueError, OverflowError) as error:
        raise DataError(f"not ids of one type: {error}", fix="use int64 or string ids") from None
    return array if len(array) else array.cast(pa.int64()) if pa.types.is_null(array.type) else array


def id_column(values: Any) -> pa.Array | AnyArray:
    """As :func:`flat_ids`, but a vector of NumPy integers as it is."""
    if isinstance(values, np.ndarray) and values.dtype.kind == "i" and values.ndim == 1:
        return values
    return flat_ids(values)


def _array(values: Any) -> pa.Array:
    if isinstance(values, pa.Array):
        return values
    if isinstance(values, str | bytes | int | float | np.generic):
        return pa.array([values])
    if isinstance(values, pa.Scalar):
        return pa.array([values.as_py()], values.type)
    if isinstance(values, pa.ChunkedArray):
        return values.combine_chunks()
    if isinstance(values, Mapping | Set):
        raise TypeError(f"a {type(values).__name__} has no order")
    if hasattr(values, "__arrow_c_stream__"):
        return pa.chunked_array(values).combine_chunks()
    if hasattr(values, "__array__"):
        return pa.array(np.atleast_1d(np.asarray(values)), from_pandas=True)
    return pa.array(values)
