"""Columns of a snapshot as its view declares them: converted where nothing is lost by it, else refused."""

from collections.abc import Mapping
from typing import cast

import pyarrow as pa
from feast.types import Array, FeastType, Float32, Float64, Int32, Int64, PrimitiveFeastType, String
from feast.value_type import ValueType

from embedding_features.errors import StoreError
from embedding_features.store.online_stores.key_types import INTEGERS, UUIDS, uuid_text
from embedding_features.store.online_stores.values import is_list, is_text

_LEAVES: Mapping[PrimitiveFeastType, pa.DataType] = {
    Int32: pa.int32(),
    Int64: pa.int64(),
    Float32: pa.float32(),
    Float64: pa.float64(),
    String: pa.string(),
}


class ColumnTypes:
    """Converts the columns of a snapshot to the types that its view declares.

    Args:
        key: the column of ids.
        declared: column → its type; columns that are not here stay as they are.
        where: the view, for errors.
    """

    def __init__(self, key: str, declared: Mapping[str, FeastType], where: str) -> None:
        self._where, self._key, self._features = where, key, declared
        self._kind = ValueType(declared[key].to_value_type()) if key in declared else None

    def schema(self, schema: pa.Schema) -> pa.Schema:
        """Return the schema of the columns as :meth:`batch` gives them.

        Raises:
            StoreError: when the source has another type than the view, and not one that fits into it.
        """
        return pa.schema([field.with_type(self._wanted(field)) for field in schema])

    def batch(self, batch: pa.RecordBatch, schema: pa.Schema) -> pa.RecordBatch:
        """Return rows in the declared types.

        Raises:
            StoreError: when a value does not fit.
        """
        if self._kind not in (*UUIDS, ValueType.INT32) and batch.schema.types == schema.types:
            return batch
        columns = [
            self._cast(batch.column(i), field.name, field.type, schema.field(i).type)
            for i, field in enumerate(batch.schema)
        ]
        return pa.record_batch(columns, schema=schema)

    def _cast(self, values: pa.Array, name: str, held: pa.DataType, wanted: pa.DataType) -> pa.Array:
        try:
            if name == self._key and self._kind == ValueType.INT32:
                values = values.cast(pa.int32())  # Feast can ask for no other
            values = values if held == wanted else values.cast(wanted)
        except pa.ArrowInvalid as error:
            raise StoreError(
                f"{name} of {self._where} does not fit {wanted}: {error}",
                fix="declare a wider type, or correct the source",
            ) from None
        return self._uuids(values) if name == self._key and self._kind in UUIDS else values

    def _uuids(self, values: pa.Array) -> pa.Array:
        """Return UUIDs as the text that all ways of writing one have in common; null where there is none."""
        texts = values.to_pylist()
        found = [None if text is None else uuid_text(text) for text in texts]
        bad = next((t for t, f in zip(texts, found, strict=True) if t is not None and f is None), None)
        if bad is not None:
            raise StoreError(f"{self._key} {bad!r} of {self._where} is no UUID", fix="correct the source")
        return pa.array(found, values.type)

    def _wanted(self, field: pa.Field) -> pa.DataType:
        if field.name == self._key and self._kind is not None:
            held = field.type.value_type if pa.types.is_dictionary(field.type) else field.type
            if self._kind in INTEGERS and pa.types.is_integer(held):
                return pa.int64()
            if self._kind not in INTEGERS and is_text(held):
                return field.type if is_text(field.type) else pa.string()
            raise StoreError(
                f"column {field.name} is {field.type}, but {self._where} has {self._kind.name} keys",
                fix="cast the source's column, or declare the entity as what it is",
            )
        dtype = self._features.get(field.name)
        return field.type if dtype is None else self._feature(field, dtype)

    def _feature(self, field: pa.Field, dtype: object) -> pa.DataType:
        many = isinstance(dtype, Array)
        leaf = _LEAVES.get(cast(PrimitiveFeastType, dtype.base_type if isinstance(dtype, Array) else dtype))
        held = field.type.value_type if pa.types.is_dictionary(field.type) else field.type
        item = held.value_type if is_list(held) else held
        if leaf is None or is_list(held) != many or not _goes_into(item, leaf):
            raise StoreError(
                f"column {field.name} is {field.type}, but {self._where} declares {dtype}",
                fix="cast the source's column, or declare what it is: numbers, strings, lists of either",
            )
        if item == leaf or (is_text(item) and not pa.types.is_dictionary(field.type)):
            return field.type
        return _with_item(held, leaf) if many else leaf


def _goes_into(held: pa.DataType, wanted: pa.DataType) -> bool:
    """Return whether values of a type may fit another; each is looked at when it is converted."""
    if is_text(wanted):
        return is_text(held)
    if pa.types.is_floating(held):
        return bool(pa.types.is_floating(wanted))
    return bool(pa.types.is_integer(held))


def _with_item(kind: pa.DataType, item: pa.DataType) -> pa.DataType:
    if pa.types.is_fixed_size_list(kind):
        return pa.list_(item, kind.list_size)
    return pa.large_list(item) if pa.types.is_large_list(kind) else pa.list_(item)
