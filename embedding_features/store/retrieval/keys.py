"""Entity keys of a frame: checked, and numbered so that each distinct one is asked for once."""

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from feast import FeatureView, Field
from feast.value_type import ValueType

from embedding_features.arrays import I64
from embedding_features.errors import DataError
from embedding_features.ids import flat_ids
from embedding_features.store.online_stores.key_types import INTEGERS, PLAIN, key_type
from embedding_features.store.online_stores.values import is_text

#: type of a key that is neither an integer nor text → its Arrow type
_OTHERS = {
    ValueType.BYTES: pa.binary(),
    ValueType.BOOL: pa.bool_(),
    ValueType.UNIX_TIMESTAMP: pa.timestamp("us", tz="UTC"),
}


def key_columns(frame: pa.Table, view: FeatureView) -> list[pa.Array]:
    """Return the join keys of a view in a frame, as int64, string, or the view's own type.

    Raises:
        DataError: when one is missing, of another type, or beyond int64.
    """
    arrays = []
    for column in view.entity_columns:
        wanted = arrow_key(column)
        if column.name not in frame.column_names:
            raise DataError(
                f"view {view.name} needs column {column.name}; the frame has {frame.column_names}",
                fix=f"add {column.name} of type {wanted}",
            )
        arrays.append(_fitting(flat_ids(frame.column(column.name)), wanted, column.name))
    return arrays


def arrow_key(column: Field) -> pa.DataType:
    """Return the Arrow type of a key of a view: int64 for all integers, string for UUIDs too.

    Raises:
        DataError: when no frame can hold it.
    """
    kind = key_type(column)
    if kind in PLAIN:
        return pa.int64() if kind in INTEGERS else pa.string()
    if kind not in _OTHERS:
        raise DataError(
            f"the key {column.name} is {kind.name}, whose equal values are written differently",
            fix="declare its entity as an integer or a string",
        )
    return _OTHERS[kind]


def served_keys(frame: pa.Table, view: FeatureView) -> list[pa.Array]:
    """Do what :func:`key_columns` does, for an online store of Feast's.

    To such a store an id beyond its type is none.

    Raises:
        DataError: also for such an id.
    """
    arrays = key_columns(frame, view)
    for column, array in zip(view.entity_columns, arrays, strict=True):
        if key_type(column) == ValueType.INT32:
            _cast(array, pa.int32(), column.name)
    return arrays


def _fitting(array: pa.Array, wanted: pa.DataType, name: str) -> pa.Array:
    if array.null_count == len(array):
        return pa.nulls(len(array), wanted)
    if not _is_alike(array.type, wanted):
        raise DataError(f"{name} is {array.type}, but the view has {wanted} keys", fix=f"cast it to {wanted}")
    return _cast(array, wanted, name)


def _cast(array: pa.Array, wanted: pa.DataType, name: str) -> pa.Array:
    try:
        return array.cast(wanted)
    except pa.ArrowInvalid as error:
        raise DataError(f"{name} does not fit {wanted}: {error}", fix="give ids that fit exactly") from None


def _is_alike(held: pa.DataType, wanted: pa.DataType) -> bool:
    if pa.types.is_timestamp(wanted):
        return bool(pa.types.is_timestamp(held))
    if pa.types.is_integer(wanted):
        return bool(pa.types.is_integer(held))
    return is_text(held) if is_text(wanted) else bool(held == wanted)


def codes(arrays: Sequence[pa.Array | I64]) -> I64:
    """Return [n] int64, equal exactly where all arrays are equal; -1 where one is null (or -1)."""
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
