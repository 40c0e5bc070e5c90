"""Rows of a snapshot with the pushed ones over them, true to ttl: as arrays, and as Feast's values."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from feast import FeatureView

from embedding_features.arrays import I64
from embedding_features.store.moments import moment_of
from embedding_features.store.online_stores.overlay import overlaid
from embedding_features.store.online_stores.pushed import Row
from embedding_features.store.online_stores.response import Found
from embedding_features.store.online_stores.rows import Rows, is_older_than_ttl, older_than_ttl
from embedding_features.store.online_stores.values import Values, to_protos


def merged_arrays(
    view: FeatureView,
    features: Sequence[str],
    now: int,
    *,
    missing: np.ndarray,
    moment: int,
    pushed: Mapping[int, Row],
    take: Callable[[str], Values | None],
) -> Rows:
    """Return the answer to a read as arrays; null where a row came online before its view had the feature.

    Args:
        view: the view.
        features: those asked for.
        now: microseconds since 1970, to tell what is older than the view's ttl.
        missing: [n] bool: not in the snapshot; changed in place.
        moment: the snapshot's event time.
        pushed: place in the answer → row.
        take: gives the snapshot's values [n] of a feature, anything where missing; None where it has none.

    Raises:
        StoreError: when the rows of a feature are of types that no one array holds.
    """
    event = np.where(missing, 0, moment)
    for i, row in pushed.items():
        missing[i], event[i] = False, row.stamp[0]
    expired = older_than_ttl(event, view, now) & ~missing
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


def merged_protos(
    view: FeatureView,
    features: Sequence[str],
    now: int,
    *,
    count: int,
    places: I64,
    moment: int,
    pushed: Mapping[int, Row],
    take: Callable[[str], Values | None],
) -> list[Found]:
    """Return the answer to a read as Feast has it: (event time, values) for each key.

    There are no values after ttl, and no time either where there is no row.

    Args:
        view: the view.
        features: those asked for.
        now: microseconds since 1970, to tell what is older than the view's ttl.
        count: how many keys were asked for.
        places: [m] places in the answer of the rows that the snapshot has.
        moment: the snapshot's event time.
        pushed: place in the answer → row.
        take: gives the snapshot's values [m] of a feature; None where it has none.
    """
    result: list[Found] = [(None, None)] * count
    if len(places):
        event, expired = moment_of(moment), is_older_than_ttl(moment, view, now)
        fields = [field for field in view.features if field.name in features and not expired]
        taken = {field.name: (field, take(field.name)) for field in fields}
        columns = {n: to_protos(values, f) for n, (f, values) in taken.items() if values is not None}
        for i, place in enumerate(places.tolist()):
            values = None if expired else {name: column[i] for name, column in columns.items()}
            result[place] = event, values
    for place, row in pushed.items():
        expired = is_older_than_ttl(row.stamp[0], view, now)
        result[place] = moment_of(row.stamp[0]), None if expired else row.pick(features)
    return result
