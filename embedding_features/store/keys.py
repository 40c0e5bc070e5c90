"""Entity keys of a frame: checked, and numbered so that each distinct one is asked for once."""

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from feast import FeatureView, ValueType

from embedding_features.arrays import I64
from embedding_features.errors import DataError


def key_columns(frame: pa.Table, view: FeatureView) -> list[pa.Array]:
    """The join keys of a view in a frame, as int64 or string.

    Raises:
        DataError: when one is missing or of another type.
    """
    arrays = []
    for column in view.entity_columns:
        wanted = pa.int64() if column.dtype.to_value_type() == ValueType.INT64 else pa.string()
        if column.name not in frame.column_names:
            raise DataError(
                f"view {view.name} needs column {column.name}; the frame has {frame.column_names}",
                fix=f"add {column.name} of type {wanted}",
            )
        array = frame.column(column.name)
        alike = pa.types.is_integer if wanted == pa.int64() else _is_text
        if not alike(array.type):
            raise DataError(
                f"{column.name} is {array.type}, but the view has {wanted} keys", fix=f"cast it to {wanted}"
            )
        arrays.append(array.cast(wanted).combine_chunks())
    return arrays


def _is_text(dtype: pa.DataType) -> bool:
    return bool(pa.types.is_string(dtype) or pa.types.is_large_string(dtype))


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
