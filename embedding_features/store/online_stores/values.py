"""Feast's protobuf values as Python and arrays have them, and arrays as Feast's values."""

from datetime import UTC, datetime
from typing import Any, TypeAlias

import numpy as np
import pyarrow as pa
from feast import Field
from feast.protos.feast.types.Value_pb2 import Value
from feast.type_map import NULL_TIMESTAMP_INT_VALUE
from feast.types import Array
from feast.value_type import ValueType

from embedding_features.errors import StoreError
from embedding_features.store.marks import vector_dim

#: rows of one feature: a matrix or vector where every row has one shape, else an Arrow array
Values: TypeAlias = np.ndarray | pa.Array

_NO_ARRAY = (
    "map_val", "map_list_val", "struct_val", "struct_list_val", "scalar_map_val", "list_val", "set_val",
    "zoned_timestamp_val",
)  # fmt: skip
_DECLARED = {
    ValueType.INT32: "int32",
    ValueType.INT64: "int64",
    ValueType.FLOAT: "float",
    ValueType.DOUBLE: "double",
    ValueType.STRING: "string",
}
_INT32 = np.iinfo(np.int32)


def declared_dim(field: Field) -> int | None:
    """Return the length of a feature's lists: ``vector_length``, or what the feature is marked with."""
    if field.vector_index and field.vector_length:
        return int(field.vector_length)
    return vector_dim(field)


def to_protos(values: Values, field: Field) -> list[Value]:
    """Return gathered rows of a feature as Feast's values.

    They have the declared type. What was stored when the view declared another one keeps its type where the
    declared one cannot hold it, as in Feast's own stores.
    """
    many, stored = _stored(values)
    declared = _declared(field) if isinstance(field.dtype, Array) == many else ""
    slot = declared if _holds(declared, stored, values) else stored
    items = values.tolist() if isinstance(values, np.ndarray) else values.to_pylist()
    if not many:
        return [Value(**{f"{slot}_val": item}) for item in items]
    protos = [Value() for _ in items]
    for proto, item in zip(protos, items, strict=True):
        getattr(proto, f"{slot}_list_val").val.extend(item)
    return protos


def _declared(field: Field) -> str:
    """Return the slot of the declared type, or of its items'; empty where there is none."""
    kind = field.dtype.base_type if isinstance(field.dtype, Array) else field.dtype
    return _DECLARED.get(kind.to_value_type(), "")


def _stored(values: Values) -> tuple[bool, str]:
    """Return whether values are lists, and their slot or their items'."""
    if isinstance(values, np.ndarray):
        return values.ndim == 2, _slot(values.dtype)
    many = is_list(values.type)
    item = values.type.value_type if many else values.type
    return many, "string" if is_text(item) else _slot(np.dtype(item.to_pandas_dtype()))


def _slot(dtype: np.dtype[np.generic]) -> str:
    if dtype.kind == "f":
        return "double" if dtype.itemsize > 4 else "float"
    return "int64" if dtype.itemsize > 4 or dtype == np.uint32 else "int32"


def _holds(declared: str, stored: str, values: Values) -> bool:
    """Return whether the declared slot holds all values of the stored one."""
    if declared == stored or (declared in ("float", "double") and stored != "string"):
        return True
    if declared == "int64":
        return stored == "int32"
    if declared != "int32" or stored != "int64":
        return False
    numbers = np.asarray(values if isinstance(values, np.ndarray) else values.flatten())
    return not len(numbers) or bool(numbers.min() >= _INT32.min and numbers.max() <= _INT32.max)


def from_proto(value: Value) -> Any:
    """Return a value as Python has it: a number, a string, bytes, a time, a list of such, or None.

    Raises:
        StoreError: when it is a map or a list of lists, for which arrays have no one type.
    """
    slot = value.WhichOneof("val")
    if slot is None:
        return None
    found = getattr(value, slot)
    if slot in _NO_ARRAY:
        raise StoreError(
            f"a {slot.removesuffix('_val')} has no place in an array", fix="ask for it by get_online_features"
        )
    if not slot.endswith(("_list_val", "_set_val")):
        return _moment(found) if slot == "unix_timestamp_val" else found
    return [_moment(item) for item in found.val] if "unix_timestamp" in slot else list(found.val)


def _moment(seconds: int) -> datetime | None:
    """Return a time of Feast's, in seconds since 1970; its own number for null is one."""
    return None if seconds == NULL_TIMESTAMP_INT_VALUE else datetime.fromtimestamp(seconds, UTC)


def as_arrow(values: Values) -> pa.Array:
    """Return gathered values as an Arrow array; a matrix becomes lists."""
    if not isinstance(values, np.ndarray):
        return values
    if values.ndim == 1:
        return pa.array(values)
    offsets = np.arange(len(values) + 1, dtype=np.int64) * values.shape[1]
    return pa.LargeListArray.from_arrays(pa.array(offsets), pa.array(values.reshape(-1)))


def is_list(kind: pa.DataType) -> bool:
    """Return whether values are lists, of one length or not."""
    return bool(pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind))


def is_text(kind: pa.DataType) -> bool:
    """Return whether values are strings."""
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))
