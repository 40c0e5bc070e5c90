"""The rows of a view version that were asked for, as arrays, true to ttl."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

import numpy as np
from feast import FeatureView

from embedding_features.errors import DataError
from embedding_features.store.online_stores.values import Values

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True)
class Rows:
    """Holds the rows of ids as arrays, in the order of the ids.

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
        """Return a feature's array as a torch tensor that shares its memory.

        Raises:
            DataError: when the feature is text, or its rows differ in shape.
        """
        from torch import from_numpy  # slow to import, and a service may do without

        array = self.arrays[name]
        if not isinstance(array, np.ndarray):
            raise DataError(f"feature {name} is {array.type}, no tensor", fix="take it from Rows.arrays")
        return from_numpy(array)


def refuse_type(ids: np.ndarray, text: bool) -> None:
    """Check that ids are of the type of those online.

    Args:
        ids: [n] int64, or objects of str.
        text: whether the ids online are strings.

    Raises:
        DataError: when ids are int64 and those online are strings, or the other way round.
    """
    if (ids.dtype.kind == "i") == text and len(ids):
        wanted = "strings" if text else "int64"
        raise DataError(f"ids of type {ids.dtype}", fix=f"ask for {wanted}, as the entity declares")


def older_than_ttl(events: np.ndarray, view: FeatureView, now: int) -> np.ndarray:
    """Return [n] bool: which events are longer ago than a view's ttl; a ttl of None or 0 is no limit.

    Args:
        events: [n] int64 microseconds since 1970.
        view: the view; one that transforms on demand has no ttl.
        now: microseconds since 1970.
    """
    ttl: timedelta | None = getattr(view, "ttl", None)
    if not ttl:
        return np.zeros(len(events), bool)
    return np.asarray(events < now - ttl // timedelta(microseconds=1))


def is_older_than_ttl(event: int, view: FeatureView, now: int) -> bool:
    """Return whether one event is longer ago than a view's ttl; times as in :func:`older_than_ttl`."""
    return bool(older_than_ttl(np.array([event]), view, now)[0])
