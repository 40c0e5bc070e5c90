"""Rows of a snapshot with pushed ones over them, true to ttl."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from feast import FeatureView

from embedding_features.store.online_stores.layout import ttl_of
from embedding_features.store.online_stores.overlay import overlaid
from embedding_features.store.online_stores.pushed import Row
from embedding_features.store.online_stores.rows import Rows, outside
from embedding_features.store.online_stores.values import Values


def merged(
    view: FeatureView,
    features: Sequence[str],
    now: int,
    *,
    missing: np.ndarray,
    moment: int,
    pushed: Mapping[int, Row],
    take: Callable[[str], Values | None],
) -> Rows:
    """Put the answer to a read together.

    Args:
        now: microseconds since 1970, to tell what is older than the view's ttl.
        missing: [n] bool: not in the snapshot; changed in place.
        moment: the snapshot's event time.
        pushed: place in the answer → row.
        take: the snapshot's values [n] of a feature, anything where missing; None where it has none.

    Returns:
        The rows; null where one came online before its view had the feature.

    Raises:
        StoreError: when the rows of a feature are of types that no one array holds.
    """
    event = np.where(missing, 0, moment)
    for i, row in pushed.items():
        missing[i], event[i] = False, row.stamp[0]
    expired = outside(event, ttl_of(view), now) & ~missing
    gone = missing | expired
    shown = {i: row.values for i, row in pushed.items() if not expired[i]}
    blank, fields = bool(gone.any()), {field.name: field for field in view.features}
    arrays: dict[str, Values] = {}
    for name in features:
        taken = take(name)
        if taken is None or shown or blank:
            over = {i: values.get(name) for i, values in shown.items()}
            taken = overlaid(taken, over, gone, fields[name])
        arrays[name] = taken
    return Rows(~gone, expired, event, arrays)
