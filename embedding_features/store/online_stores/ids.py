"""Ids as arrays, refused where they would have to be rounded or read as something else."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import numpy as np
import pyarrow as pa
from feast import FeatureView
from feast.value_type import ValueType

from embedding_features.errors import DataError
from embedding_features.ids import id_column
from embedding_features.store.online_stores.key_types import (
    INTEGERS,
    UUIDS,
    has_plain_key,
    key_type,
    uuid_text,
)

_FIX = "give int64s or strings; in pandas, drop rows without an id, then cast to int64"


def ids_of(view: FeatureView, ids: Any) -> np.ndarray:
    """Return ids of a view's entities as [n] int64, or [n] objects of str; UUIDs in one way of writing.

    Raises:
        DataError: when one is null, or does not fit the view's key exactly.
    """
    if not has_plain_key(view):
        keys = ", ".join(f"{column.name} ({key_type(column).name})" for column in view.entity_columns)
        raise DataError(f"view {view.name} has the keys {keys}", fix="ask for it by get_online_features")
    column = view.entity_columns[0]
    kind, found = key_type(column), ids_array(ids)
    if not len(found):
        return found.astype(np.int64 if kind in INTEGERS else object)
    if (found.dtype.kind == "i") != (kind in INTEGERS):
        raise DataError(
            f"{column.name}: ids of type {'int64' if found.dtype.kind == 'i' else 'string'}, "
            f"but view {view.name} has {kind.name} keys",
            fix="give ids of the entity's type",
        )
    if kind == ValueType.INT32 and (found.min() < -(2**31) or found.max() >= 2**31):
        raise DataError(f"an id of {column.name} is beyond int32", fix="give ids of the entity's type")
    return _uuids(column.name, found) if kind in UUIDS else found


def ids_array(ids: Any) -> np.ndarray:
    """Return ids as [n] int64, or [n] objects of str; one id is a list of one.

    Raises:
        DataError: on nulls, floats (which round large ids), booleans, integers beyond int64, or a mixture.
    """
    if isinstance(ids, str | int | np.integer | UUID):
        ids = [ids]
    if isinstance(ids, Sequence) and not isinstance(ids, bytes | bytearray):
        return _one_by_one(ids)
    if isinstance(ids, np.ndarray) and ids.dtype == object and ids.ndim == 1:
        return _one_by_one(ids.tolist())
    array = id_column(ids)
    if isinstance(array, pa.Array):
        if array.null_count:
            raise DataError("null among the ids", fix="drop rows without an id")
        array = array.to_numpy(zero_copy_only=False)
    if array.dtype.kind in "iu" and not _beyond(array):
        return array.astype(np.int64, copy=False)
    if array.dtype == object and all(type(item) is str for item in array):
        return array
    raise DataError(f"ids of type {array.dtype}", fix=_FIX)


def _one_by_one(ids: Sequence[Any]) -> np.ndarray:
    """Do what :func:`ids_array` does, item by item: numpy would read True as 1, and 1 beside "a" as "1"."""
    kinds = set(map(type, ids))
    if kinds and (kinds == {UUID} or all(issubclass(kind, str) for kind in kinds)):
        return np.array(ids if kinds == {str} else list(map(str, ids)), object)
    if not all(issubclass(kind, int | np.integer) and kind is not bool for kind in kinds):
        raise DataError(f"ids of type {', '.join(sorted(kind.__name__ for kind in kinds))}", fix=_FIX)
    try:
        return np.array(list(ids), np.int64)
    except OverflowError:
        raise DataError("an id is beyond int64", fix=_FIX) from None


def _beyond(array: np.ndarray) -> bool:
    return array.dtype == np.uint64 and bool((array >= np.uint64(2**63)).any())


def _uuids(name: str, texts: np.ndarray) -> np.ndarray:
    found = [uuid_text(text) for text in texts]
    if None in found:
        raise DataError(f"{name} {texts[found.index(None)]!r} is no UUID", fix="give UUIDs")
    return np.array(found, object)
