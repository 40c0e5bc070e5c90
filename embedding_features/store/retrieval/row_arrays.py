"""Values that were read online as arrays: numpy where every row has one shape, Arrow for callers."""

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from feast import Field

from embedding_features.arrays import Bool
from embedding_features.store.offline.types import is_number
from embedding_features.store.online_stores.values import Values, declared_dim, is_list
from embedding_features.store.retrieval.refs import online_type


def array_of(values: list[Any], field: Field) -> Values:
    """Return values as :class:`Rows` has them: numpy where every row has one shape."""
    dtype = online_type(field)
    if dtype is None:
        return pa.array(values)
    there = np.array([value is not None for value in values], bool)
    held = [value for value in values if value is not None]
    if not is_list(dtype):
        return _filled(held, there, (), dtype) if is_number(dtype) else pa.array(values, dtype)
    widths = {len(value) for value in held} or {declared_dim(field) or 0}
    if len(widths) > 1 or not is_number(dtype.value_type):
        return pa.array(values, dtype)
    return _filled(held, there, tuple(widths), dtype.value_type)


def _filled(held: list[Any], there: Bool, shape: tuple[int, ...], dtype: pa.DataType) -> np.ndarray:
    """Return a matrix of the values, NaN or 0 where there are none."""
    kind = np.dtype(dtype.to_pandas_dtype())
    matrix = np.full((len(there), *shape), np.nan if kind.kind == "f" else 0, kind)
    if held:
        matrix[there] = np.array(held, kind)
    return matrix


def arrow_column(values: Values, found: Bool, dtype: pa.DataType | None) -> pa.Array:
    """Return rows of a feature as Arrow, null where they were not found.

    Args:
        values: [n] the rows.
        found: [n] bool.
        dtype: the type; None for whichever the values have.
    """
    missing = pa.array(~found)
    if isinstance(values, np.ndarray) and values.ndim == 2:
        offsets = np.arange(len(values) + 1, dtype=np.int32) * values.shape[1]
        flat = pa.array(values.reshape(-1))
        column = pa.ListArray.from_arrays(pa.array(offsets), flat, mask=missing)
    elif isinstance(values, np.ndarray):
        column = pa.array(values, mask=~found)
    else:
        column = pc.if_else(missing, pa.scalar(None, values.type), values)
    return column if dtype is None or column.type == dtype else column.cast(dtype)
