"""What a row may hold that is written by itself, and Feast's protobuf values as Python has them."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, TypeAlias

import numpy as np
import pyarrow as pa
from feast import FeatureView, Field
from feast.protos.feast.types.Value_pb2 import Value
from feast.type_map import NULL_TIMESTAMP_INT_VALUE
from feast.types import Array

from embedding_features.errors import StoreError
from embedding_features.store.marks import mark, vector_dim

#: rows of one feature: a matrix or vector where every row has one shape, else an Arrow array
Values: TypeAlias = np.ndarray | pa.Array

_NO_ARRAY = (
    "map_val", "map_list_val", "struct_val", "struct_list_val", "scalar_map_val", "list_val", "set_val",
    "zoned_timestamp_val",
)  # fmt: skip
_AGAIN = "write the row again with a value that keeps the rule; what was online before stays"


def declared_dim(field: Field) -> int | None:
    """The length of a feature's lists: ``vector_length``, or what the feature is marked with."""
    if field.vector_index and field.vector_length:
        return int(field.vector_length)
    return vector_dim(field)


def is_published(field: Field) -> bool:
    """Whether a feature is of a snapshot of this library, whose rules are stricter than Feast's."""
    return mark(field, "kind") is not None


def check_pushed(view: FeatureView, values: Mapping[str, Value]) -> None:
    """Check the values of a row that is written by itself, not in a snapshot.

    Raises:
        StoreError: on a missing feature; on a null list of a feature of a snapshot; on NaN, infinity or
            another length in a list whose length is declared.
    """
    for field in view.features:
        where = f"feature {field.name} of view {view.name}"
        if field.name not in values:
            raise StoreError(f"a row lacks {where}", fix="write every feature of the view")
        if isinstance(field.dtype, Array):
            _check_list(field, values[field.name], where)


def _check_list(field: Field, value: Value, where: str) -> None:
    slot, dim = value.WhichOneof("val"), declared_dim(field)
    if slot is None:
        if is_published(field):
            raise StoreError(f"a row has null as {where}", fix=_AGAIN)
        return
    if dim is None and not is_published(field):
        return
    found = getattr(value, slot).val
    if slot in ("float_list_val", "double_list_val") and not np.isfinite(np.asarray(found)).all():
        raise StoreError(f"a row has NaN or infinity in {where}", fix=_AGAIN)
    if dim is not None and len(found) != dim:
        raise StoreError(f"a row has {len(found)} values in {where}, not {dim}", fix=_AGAIN)


def from_proto(value: Value) -> Any:
    """A value as Python has it: a number, a string, bytes, a time, a list of such, or None.

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
    """A time of Feast's, in seconds since 1970; its own number for null is one."""
    return None if seconds == NULL_TIMESTAMP_INT_VALUE else datetime.fromtimestamp(seconds, UTC)


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
