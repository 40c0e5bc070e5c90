"""Between Feast's protobuf values and arrays: what a push may hold, and what a read gives."""

from collections.abc import Mapping
from typing import Any, TypeAlias

import numpy as np
import pyarrow as pa
from feast import FeatureView, Field
from feast.protos.feast.types.Value_pb2 import Value
from feast.types import Array
from feast.value_type import ValueType

from embedding_features.errors import StoreError
from embedding_features.store.marks import vector_dim

#: rows of one feature: a matrix or vector where every row has one shape, else an Arrow array
Values: TypeAlias = np.ndarray | pa.Array

_SLOTS = {
    ValueType.INT32: "int32_val",
    ValueType.INT64: "int64_val",
    ValueType.FLOAT: "float_val",
    ValueType.DOUBLE: "double_val",
    ValueType.STRING: "string_val",
}
_AGAIN = "push the row again with a value that keeps the rule"


def declared_dim(field: Field) -> int | None:
    """The length of a feature's lists: ``vector_length``, or what the feature is marked with."""
    if field.vector_index and field.vector_length:
        return int(field.vector_length)
    return vector_dim(field)


def check_pushed(view: FeatureView, values: Mapping[str, Value]) -> None:
    """Raises:
    StoreError: on a missing feature, a null list, NaN or infinity in a list, or a wrong dim.
    """
    for field in view.features:
        where = f"feature {field.name} of {view.name}"
        if field.name not in values:
            raise StoreError(f"a pushed row lacks {where}", fix="push every feature of the view")
        if not isinstance(field.dtype, Array):
            continue
        slot = values[field.name].WhichOneof("val")
        if slot is None:
            raise StoreError(f"a pushed row has null as {where}", fix=_AGAIN)
        found = getattr(values[field.name], slot).val
        if slot in ("float_list_val", "double_list_val") and not np.isfinite(np.asarray(found)).all():
            raise StoreError(f"a pushed row has NaN or infinity in {where}", fix=_AGAIN)
        dim = declared_dim(field)
        if dim is not None and len(found) != dim:
            raise StoreError(f"a pushed row has {len(found)} values in {where}, not {dim}", fix=_AGAIN)


def to_protos(values: Values, field: Field) -> list[Value]:
    """Gathered rows of a feature as Feast's values."""
    items = values.tolist() if isinstance(values, np.ndarray) else values.to_pylist()
    if isinstance(field.dtype, Array):
        slot = _SLOTS[field.dtype.base_type.to_value_type()].replace("_val", "_list_val")
        protos = [Value() for _ in items]
        for proto, item in zip(protos, items, strict=True):
            getattr(proto, slot).val.extend(item)
        return protos
    slot = _SLOTS[field.dtype.to_value_type()]
    return [Value(**{slot: item}) for item in items]


def from_proto(value: Value) -> Any:
    """A value as Python has it: a number, a string, a list, or None."""
    slot = value.WhichOneof("val")
    if slot is None:
        return None
    found = getattr(value, slot)
    return list(found.val) if slot.endswith("_list_val") else found


def overlaid(values: Values, places: list[int], pushed: list[Any], missing: np.ndarray) -> Values:
    """Gathered rows with those of pushes put in, and those not found blanked.

    Rows not found hold NaN in matrices of floats, 0 in those of integers, and null in Arrow arrays. A pushed
    list of another length than the matrix has makes it an Arrow array.
    """
    shape = values.shape[1:] if isinstance(values, np.ndarray) else ()
    if isinstance(values, np.ndarray) and all(np.shape(item) == shape for item in pushed):
        for place, item in zip(places, pushed, strict=True):
            values[place] = item
        values[missing] = np.nan if values.dtype.kind == "f" else 0
        return values
    items = values.tolist() if isinstance(values, np.ndarray) else values.to_pylist()
    for place, item in zip(places, pushed, strict=True):
        items[place] = item
    kind = None if isinstance(values, np.ndarray) else values.type
    return pa.array([None if gone else item for item, gone in zip(items, missing, strict=True)], kind)


def as_arrow(values: Values) -> pa.Array:
    """Gathered values as an Arrow array; a matrix becomes lists."""
    if not isinstance(values, np.ndarray):
        return values
    if values.ndim == 1:
        return pa.array(values)
    offsets = np.arange(len(values) + 1, dtype=np.int64) * values.shape[1]
    return pa.LargeListArray.from_arrays(pa.array(offsets), pa.array(values.reshape(-1)))


def is_list(kind: pa.DataType) -> bool:
    """Whether values are lists, of one length or not."""
    return bool(pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind))


def is_text(kind: pa.DataType) -> bool:
    """Whether values are strings."""
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))
