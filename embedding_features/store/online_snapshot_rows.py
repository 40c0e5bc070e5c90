"""Rows of a view version for ids, as arrays: the snapshot's, with pushed ones over them, true to ttl."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

import numpy as np
import pyarrow as pa
from feast import FeatureView

from embedding_features.errors import DataError
from embedding_features.store.online_snapshot_delta import Key
from embedding_features.store.online_snapshot_folder import Served
from embedding_features.store.online_snapshot_read import Values
from embedding_features.store.online_snapshot_values import from_proto, overlaid

_LIMIT = 2**63


@dataclass(frozen=True)
class Rows:
    """What was asked for, in the order of the ids.

    Attributes:
        found: [n] bool: present, and not older than the view's ttl.
        expired: [n] bool: present, but older; Feast's OUTSIDE_MAX_AGE.
        event: [n] int64 microseconds since 1970; 0 where there is no row.
        arrays: feature → numpy [n] or [n, dim], or an Arrow array where rows differ in shape. Rows not found
            hold NaN, 0 for integers, or null.
    """

    found: np.ndarray
    expired: np.ndarray
    event: np.ndarray
    arrays: Mapping[str, Values]


def ids_array(ids: np.ndarray | pa.Array | pa.ChunkedArray | Sequence[int] | Sequence[str]) -> np.ndarray:
    """Ids as [n] int64, or [n] objects of str.

    Raises:
        DataError: on nulls, floats (which round large ids), or anything else.
    """
    if isinstance(ids, pa.Array | pa.ChunkedArray):
        if ids.null_count:
            raise DataError("null among the ids", fix="drop rows without an id")
        ids = ids.to_numpy(zero_copy_only=False) if isinstance(ids, pa.Array) else ids.to_numpy()
    array = ids if isinstance(ids, np.ndarray) else np.asarray(ids, None if len(ids) else np.int64)
    if (
        array.dtype.kind in "iu"
        and array.ndim == 1
        and (array.dtype != np.uint64 or not (array >= _LIMIT).any())
    ):
        return array.astype(np.int64, copy=False)
    if array.dtype.kind == "U":
        return np.array(list(ids), object)
    if array.dtype == object and array.ndim == 1 and all(type(item) is str for item in array):
        return array
    raise DataError(f"ids of type {array.dtype}, shape {array.shape}", fix="give int64s or strings")


def rows_of(served: Served, view: FeatureView, ids: np.ndarray, features: Sequence[str], now: int) -> Rows:
    """Gather the rows of ids.

    Args:
        now: microseconds since 1970, to tell what is older than the view's ttl.
    """
    generation, event = served.generation, np.zeros(len(ids), np.int64)
    rows = generation.index.find(ids) if generation else np.full(len(ids), -1)
    missing = rows < 0
    if generation:
        event[~missing] = generation.stamp[0]
    keys: list[Key] = ids.tolist() if served.rows else []
    pushed = {i: served.rows[key] for i, key in enumerate(keys) if key in served.rows}
    for i, row in pushed.items():
        missing[i], event[i] = False, row.stamp[0]
    expired = outside(event, view.ttl, now) & ~missing
    gone = missing | expired
    shown = [i for i in pushed if not expired[i]]
    arrays: dict[str, Values] = {}
    for name in features:
        values = [from_proto(pushed[i].values[name]) for i in shown]
        column = generation.columns.get(name) if generation and generation.entities else None
        if column is None:
            arrays[name] = _without_snapshot(values, shown, gone)
            continue
        taken = column.take(np.maximum(rows, 0))
        arrays[name] = overlaid(taken, shown, values, gone) if shown or gone.any() else taken
    return Rows(~gone, expired, event, arrays)


def outside(event: np.ndarray, ttl: timedelta | None, now: int) -> np.ndarray:
    """[n] bool: older than ttl; a ttl of None or 0 is none."""
    if not ttl:
        return np.zeros(len(event), bool)
    return np.asarray(event < now - ttl // timedelta(microseconds=1))


def _without_snapshot(values: list[object], places: list[int], gone: np.ndarray) -> Values:
    items: list[object] = [None] * len(gone)
    for place, item in zip(places, values, strict=True):
        items[place] = item
    return pa.array(items)
