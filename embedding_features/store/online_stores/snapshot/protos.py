"""Rows of a view version for Feast's entity keys, as protobuf values."""

from collections.abc import Sequence

import numpy as np
from feast import FeatureView
from feast.protos.feast.types.Value_pb2 import Value

from embedding_features.store.online_stores.base import Found
from embedding_features.store.online_stores.layout import moment_of
from embedding_features.store.online_stores.pushed import Key
from embedding_features.store.online_stores.rows import outside
from embedding_features.store.online_stores.snapshot.folder import Served
from embedding_features.store.online_stores.values import to_protos


def read_protos(
    served: Served, view: FeatureView, keys: Sequence[Key], names: Sequence[str], now: int
) -> list[Found]:
    """(event time, values) for each key; no values after ttl, and no time either where there is no row."""
    result: list[Found] = [(None, None)] * len(keys)
    for i, event, values in [*_of_snapshot(served, view, keys, names), *_of_pushes(served, keys, names)]:
        expired = outside(np.array([event]), view.ttl, now)[0]
        result[i] = moment_of(event), None if expired else values
    return result


Numbered = list[tuple[int, int, dict[str, Value]]]


def _of_pushes(served: Served, keys: Sequence[Key], names: Sequence[str]) -> Numbered:
    rows = [(i, served.rows[key]) for i, key in enumerate(keys) if key in served.rows]
    return [(i, row.stamp[0], {name: row.values[name] for name in names}) for i, row in rows]


def _of_snapshot(served: Served, view: FeatureView, keys: Sequence[Key], names: Sequence[str]) -> Numbered:
    """Keys of pushed rows and of another type than the snapshot's are left out."""
    generation = served.generation
    if generation is None:
        return []
    kind = str if generation.index.of_text else int
    asked = [i for i, key in enumerate(keys) if isinstance(key, kind) and key not in served.rows]
    ids = np.array([keys[i] for i in asked], object if kind is str else np.int64)
    rows = generation.index.find(ids)
    hit = np.flatnonzero(rows >= 0)
    fields = {field.name: field for field in view.features}
    columns = [to_protos(generation.columns[name].take(rows[hit]), fields[name]) for name in names]
    return [
        (asked[at], generation.stamp[0], dict(zip(names, values, strict=True)))
        for at, values in zip(hit.tolist(), zip(*columns, strict=True), strict=True)
    ]
