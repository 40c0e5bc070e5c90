"""Checks of ids that are asked for: one that does not fit a key exactly would get another entity's row."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import numpy as np
from feast import FeatureView
from feast.protos.feast.types.EntityKey_pb2 import EntityKey
from feast.protos.feast.types.Value_pb2 import Value
from feast.value_type import ValueType

from embedding_features.errors import DataError
from embedding_features.store.online_stores.key_types import INTEGERS, UUIDS, key_type, uuid_text
from embedding_features.store.online_stores.pushed import Key, key_of

_LIMITS = {ValueType.INT32: 2**31, ValueType.INT64: 2**63}


def refuse_misfits(
    rows: Sequence[Mapping[str, Any]] | Mapping[str, Any], types: Mapping[str, ValueType]
) -> None:
    """Check the entities that Feast is asked for, before it converts them: it takes 1.5 and True for 1.

    Args:
        rows: one mapping an entity, or key → values.
        types: key → its type; what else the rows hold is passed over.

    Raises:
        DataError: when an id is null or does not fit its key's type exactly.
    """
    for name, kind in types.items():
        if isinstance(rows, Mapping):
            values: Any = rows.get(name, ())
            refuse_unfit(name, kind, getattr(values, "val", values))
        else:
            refuse_unfit(name, kind, [row[name] for row in rows if name in row])


def refuse_unfit(name: str, kind: ValueType, values: Iterable[Any]) -> None:
    """Check that values fit a key of this type exactly.

    Raises:
        DataError: when a value is null or does not fit a key of this type exactly.
    """
    fits = _FITS.get(kind)
    for value in values if fits else ():
        if isinstance(value, Value):
            _check_slot(name, kind, value)
        elif not fits(kind, value):  # type: ignore[misc]
            raise DataError(f"{name} is {value!r}, but the view has {kind.name} keys", fix=_fix(name, kind))


def keys_of(view: FeatureView, entities: Sequence[EntityKey]) -> list[Key]:
    """Return what entities are found by.

    Raises:
        DataError: when a part of one is null, or of another type than the view's key.
    """
    types = {column.name: key_type(column) for column in view.entity_columns}
    for entity in entities:
        for name, value in zip(entity.join_keys, entity.entity_values, strict=True):
            if name in types:
                _check_slot(name, types[name], value)
    return [key_of(entity) for entity in entities]


def _check_slot(name: str, kind: ValueType, value: Value) -> None:
    slot = value.WhichOneof("val")
    if slot not in (("int32_val", "int64_val") if kind in INTEGERS else (f"{kind.name.lower()}_val",)):
        given = "null" if slot is None else slot.removesuffix("_val")
        raise DataError(f"{name} is {given}, but the view has {kind.name} keys", fix=_fix(name, kind))


def _is_integer(kind: ValueType, value: Any) -> bool:
    whole = isinstance(value, int | np.integer) and not isinstance(value, bool)
    return whole and bool(-_LIMITS[kind] <= value < _LIMITS[kind])


def _is_moment(_: ValueType, value: Any) -> bool:
    if isinstance(value, np.datetime64):
        return bool(value == value.astype("datetime64[s]"))
    if isinstance(value, datetime):  # pandas' missing one is equal to nothing, itself too
        return value == value and not value.microsecond and not getattr(value, "nanosecond", 0)
    return _is_integer(ValueType.INT64, value)


def _is_uuid(_: ValueType, value: Any) -> bool:
    return isinstance(value, UUID) or (isinstance(value, str) and uuid_text(value) is not None)


_FITS: Mapping[ValueType, Callable[[ValueType, Any], bool]] = {
    **dict.fromkeys(INTEGERS, _is_integer),
    **dict.fromkeys(UUIDS, _is_uuid),
    ValueType.STRING: lambda _, value: isinstance(value, str | UUID),
    ValueType.BYTES: lambda _, value: isinstance(value, bytes),
    ValueType.BOOL: lambda _, value: isinstance(value, bool | np.bool_),
    ValueType.UNIX_TIMESTAMP: _is_moment,
}


def _fix(name: str, kind: ValueType) -> str:
    if kind in INTEGERS:
        return f"give {name} as integers; in pandas, drop rows without an id, then cast to int64"
    if kind == ValueType.UNIX_TIMESTAMP:
        return f"give {name} as datetimes of whole seconds"
    return f"give {name} as {'UUIDs' if kind in UUIDS else kind.name.lower()}, none null"
