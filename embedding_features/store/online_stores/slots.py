"""Stored values as Feast's protobuf values, of the type that a view declares where that holds them."""

import numpy as np
from feast import Field
from feast.protos.feast.types.Value_pb2 import Value
from feast.types import Array
from feast.value_type import ValueType

from embedding_features.store.online_stores.values import Values, is_list, is_text

_DECLARED = {
    ValueType.INT32: "int32",
    ValueType.INT64: "int64",
    ValueType.FLOAT: "float",
    ValueType.DOUBLE: "double",
    ValueType.STRING: "string",
}
_INT32 = np.iinfo(np.int32)


def to_protos(values: Values, field: Field) -> list[Value]:
    """Gathered rows of a feature as Feast's values.

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
    kind = field.dtype.base_type if isinstance(field.dtype, Array) else field.dtype
    return _DECLARED.get(kind.to_value_type(), "")


def _stored(values: Values) -> tuple[bool, str]:
    """Whether values are lists, and their slot or their items'."""
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
    if declared == stored or (declared in ("float", "double") and stored != "string"):
        return True
    if declared == "int64":
        return stored == "int32"
    if declared != "int32" or stored != "int64":
        return False
    numbers = np.asarray(values if isinstance(values, np.ndarray) else values.flatten())
    return not len(numbers) or bool(numbers.min() >= _INT32.min and numbers.max() <= _INT32.max)
