"""Ids in whatever form they are given, as one Arrow array: the one way they come into the library."""

from collections.abc import Mapping, Sequence, Set
from typing import Any, TypeAlias

import numpy as np
import pyarrow as pa

from embedding_features.arrays import I64, AnyArray
from embedding_features.arrow import flat_array
from embedding_features.errors import DataError

#: what ids may be given as; also a series of pandas or polars
Ids: TypeAlias = pa.Array | pa.ChunkedArray | AnyArray | Sequence[Any] | int | str


def flat_ids(values: Any) -> pa.Array:
    """Return ids as one Arrow array, whatever they are given as.

    Args:
        values: one id, or a list, range, NumPy array, tensor, Arrow array, or series of pandas or polars.

    Returns:
        [n] ids, int64 where there are none. Categories are decoded, and text of any layout is ``string``;
        numbers stay what they are, so that nobody rounds them here.

    Raises:
        DataError: when they are not of one type: a bool among integers, a float among ids.

    Example:
        >>> flat_ids(range(3)).to_pylist()
        [0, 1, 2]
        >>> flat_ids("u7").to_pylist()
        ['u7']
    """
    try:
        array = flat_array(_array(values))
        if pa.types.is_large_string(array.type) or pa.types.is_string_view(array.type):
            array = array.cast(pa.string())
    except (pa.ArrowException, TypeError, ValueError, OverflowError) as error:
        raise DataError(f"not ids of one type: {error}", fix="use int64 or string ids") from None
    return array if len(array) else array.cast(pa.int64()) if pa.types.is_null(array.type) else array


def id_column(values: Any) -> pa.Array | AnyArray:
    """Return ids as :func:`flat_ids` does, but a vector of NumPy integers as it is."""
    if isinstance(values, np.ndarray) and values.dtype.kind == "i" and values.ndim == 1:
        return values
    return flat_ids(values)


def as_ids(values: Ids, kind: pa.DataType, what: str) -> pa.Array:
    """Return ``values`` as an Arrow array of type ``kind``.

    Args:
        values: ids of any accepted form.
        kind: Arrow int64 or string.
        what: name of the argument they came by, for errors.

    Raises:
        DataError: on nulls, or when they are not ids of that type.
    """
    array = flat_ids(values)
    if len(array) and array.null_count == len(array):
        raise DataError(f"{what}: {array.null_count} null ids", fix="drop them")
    text = pa.types.is_string(array.type) or pa.types.is_large_string(array.type)
    fits = pa.types.is_integer(array.type) if kind == pa.int64() else text
    if len(array) and not fits:
        raise DataError(f"{what}: ids are {array.type}, not {kind}", fix="cast them")
    if array.null_count:
        raise DataError(f"{what}: {array.null_count} null ids", fix="drop them")
    try:
        return array.cast(kind) if len(array) else pa.array([], kind)
    except pa.ArrowInvalid as error:
        raise DataError(f"{what}: {error}", fix="use ids within int64") from None


def _array(values: Any) -> pa.Array | pa.ChunkedArray:
    if isinstance(values, pa.Array | pa.ChunkedArray):
        return values
    if isinstance(values, str | bytes | int | float | np.generic):
        return pa.array([values])
    if isinstance(values, pa.Scalar):
        return pa.array([values.as_py()], values.type)
    if isinstance(values, Mapping | Set):
        raise TypeError(f"a {type(values).__name__} has no order")
    if hasattr(values, "__arrow_c_stream__"):
        return pa.chunked_array(values)
    if hasattr(values, "__array__"):
        return pa.array(np.atleast_1d(np.asarray(values)), from_pandas=True)
    return pa.array(values)


class RowsById:
    """Finds the row of an id among many, over and over: what is needed for it is made once.

    Args:
        ids: [n] Arrow int64 or string, distinct, none null.
    """

    def __init__(self, ids: pa.Array) -> None:
        self.type = ids.type
        self._row_by_text: dict[str, int] | None = None
        if pa.types.is_string(ids.type):
            self._row_by_text = {text: row for row, text in enumerate(ids.to_pylist())}
        else:
            numbers = ids.to_numpy()
            self._order = np.argsort(numbers, kind="stable")
            self._ordered = numbers[self._order]

    def find(self, ids: pa.Array) -> I64:
        """Return [m] rows of ``ids`` (of the same type, none null), -1 for unknown ones."""
        if self._row_by_text is not None:
            found = (self._row_by_text.get(text, -1) for text in ids.to_pylist())
            return np.fromiter(found, np.int64, len(ids))
        wanted = ids.to_numpy()
        if len(self._ordered) == 0:
            return np.full(len(wanted), -1, np.int64)
        position = np.minimum(np.searchsorted(self._ordered, wanted), len(self._ordered) - 1)
        return np.where(self._ordered[position] == wanted, self._order[position], -1)
