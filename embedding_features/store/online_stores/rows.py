"""Rows of a view version for ids, as arrays, true to ttl."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from embedding_features.errors import DataError
from embedding_features.ids import Ids, id_column
from embedding_features.store.online_stores.values import Values

if TYPE_CHECKING:
    from torch import Tensor

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

    def tensor(self, name: str) -> "Tensor":
        """A feature's array as a torch tensor that shares its memory.

        Raises:
            DataError: when the feature is text, or its rows differ in shape.
        """
        from torch import from_numpy  # slow to import, and a service may do without

        array = self.arrays[name]
        if not isinstance(array, np.ndarray):
            raise DataError(f"feature {name} is {array.type}, no tensor", fix="take it from Rows.arrays")
        return from_numpy(array)


def ids_array(ids: Ids) -> np.ndarray:
    """Ids as [n] int64, or [n] objects of str.

    Raises:
        DataError: on nulls, floats (which round large ids), or anything else.
    """
    array = id_column(ids)
    if isinstance(array, pa.Array):
        if array.null_count:
            raise DataError("null among the ids", fix="drop rows without an id")
        array = array.to_numpy(zero_copy_only=False)
    if (
        array.dtype.kind in "iu"
        and array.ndim == 1
        and (array.dtype != np.uint64 or not (array >= _LIMIT).any())
    ):
        return array.astype(np.int64, copy=False)
    if array.dtype == object and array.ndim == 1 and all(type(item) is str for item in array):
        return array
    raise DataError(f"ids of type {array.dtype}, shape {array.shape}", fix="give int64s or strings")


def refuse_type(ids: np.ndarray, text: bool) -> None:
    """Raises:
    DataError: when ids are int64 and those online are strings, or the other way round.
    """
    if (ids.dtype.kind == "i") == text and len(ids):
        wanted = "strings" if text else "int64"
        raise DataError(f"ids of type {ids.dtype}", fix=f"ask for {wanted}, as the entity declares")


def outside(event: np.ndarray, ttl: timedelta | None, now: int) -> np.ndarray:
    """[n] bool: older than ttl; a ttl of None or 0 is none."""
    if not ttl:
        return np.zeros(len(event), bool)
    return np.asarray(event < now - ttl // timedelta(microseconds=1))
