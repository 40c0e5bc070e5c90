"""Entity keys of a frame: checked, and numbered so that each distinct one is asked for once."""

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from feast import FeatureView, ValueType

from embedding_features.arrays import I64
from embedding_features.errors import DataError
from embedding_features.ids import flat_ids

_INTEGERS = (ValueType.INT32, ValueType.INT64)


def key_columns(frame: pa.Table, view: FeatureView) -> list[pa.Array]:
    """The join keys of a view in a frame: int64 for entities of INT32 and INT64, string for those of STRING.

    Keys of entities of other types are left as they are.

    Raises:
        DataError: when one is missing, of another type, or does not fit exactly: floats, bools, integers
            beyond int64.
    """
    arrays = []
    for column in view.entity_columns:
        kind = column.dtype.to_value_type()
        wanted = pa.int64() if kind in _INTEGERS else pa.string() if kind == ValueType.STRING else None
        if column.name not in frame.column_names:
            raise DataError(
                f"view {view.name} needs column {column.name}; the frame has {frame.column_names}",
                fix=f"add {column.name} of type {wanted or kind.name}",
            )
        array = flat_ids(frame.column(column.name))
        arrays.append(array if wanted is None else _fitting(array, wanted, column.name))
    return arrays


def served_keys(frame: pa.Table, view: FeatureView) -> list[pa.Array]:
    """As :func:`key_columns`, for an online store of Feast's, to which an id beyond its type is none.

    Raises:
        DataError: also for such an id.
    """
    arrays = key_columns(frame, view)
    for column, array in zip(view.entity_columns, arrays, strict=True):
        if column.dtype.to_value_type() == ValueType.INT32:
            _cast(array, pa.int32(), column.name)
    return arrays


def _fitting(array: pa.Array, wanted: pa.DataType, name: str) -> pa.Array:
    alike = pa.types.is_integer if wanted == pa.int64() else pa.types.is_string
    if not (alike(array.type) or array.null_count == len(array)):
        raise DataError(f"{name} is {array.type}, but the view has {wanted} keys", fix=f"cast it to {wanted}")
    if not alike(array.type):
        return pa.nulls(len(array), wanted)
    return _cast(array, wanted, name)


def _cast(array: pa.Array, wanted: pa.DataType, name: str) -> pa.Array:
    try:
        return array.cast(wanted)
    except pa.ArrowInvalid as error:
        raise DataError(f"{name}: {error}", fix=f"use ids within {wanted}") from None


def codes(arrays: Sequence[pa.Array | I64]) -> I64:
    """[n] int64, equal exactly where all arrays are equal; -1 where one is null (or itself -1)."""
    total = np.zeros(len(arrays[0]), np.int64)
    null = np.zeros(len(arrays[0]), bool)
    for array in arrays:
        if isinstance(array, np.ndarray):
            code = array
        else:
            index = pc.dictionary_encode(array).indices
            code = np.asarray(pc.fill_null(index, -1).to_numpy(zero_copy_only=False), np.int64)
        null |= code < 0
        mixed = total * (int(code.max(initial=0)) + 1) + code
        total = np.unique(np.where(null, -1, mixed), return_inverse=True)[1].astype(np.int64)
    return np.where(null, -1, total)
