"""Rows of a view version for Feast's entity keys, as protobuf values."""

from collections.abc import Sequence

import numpy as np
from feast import FeatureView
from feast.protos.feast.types.Value_pb2 import Value

from embedding_features.store.online_stores.feast_reads import Found
from embedding_features.store.online_stores.layout import moment_of, ttl_of
from embedding_features.store.online_stores.pushed import Key
from embedding_features.store.online_stores.rows import outside
from embedding_features.store.online_stores.slots import to_protos
from embedding_features.store.online_stores.snapshot.generation import Generation
from embedding_features.store.online_stores.snapshot.served import Served


def read_protos(
    served: Served, view: FeatureView, keys: Sequence[Key], names: Sequence[str], now: int
) -> list[Found]:
    """(event time, values) for each key; no values after ttl, and no time either where there is no row."""
    result: list[Found] = [(None, None)] * len(keys)
    pushed = served.delta.find(keys)
    rows = [(i, row.stamp[0], row.pick(names)) for i, row in pushed.items()]
    snapshot = _of_snapshot(served.generation, view, keys, names) if served.generation else []
    for i, event, values in [*snapshot, *rows]:
        expired = outside(np.array([event]), ttl_of(view), now)[0]
        result[i] = moment_of(event), None if expired else values
    return result


def _of_snapshot(
    generation: Generation, view: FeatureView, keys: Sequence[Key], names: Sequence[str]
) -> list[tuple[int, int, dict[str, Value]]]:
    """Keys of another type than the snapshot's are left out."""
    places, rows = generation.find(keys)
    hit = np.flatnonzero(rows >= 0)
    columns = {
        field.name: to_protos(column.take(rows[hit]), field)
        for field in view.features
        if field.name in names and (column := generation.column(field.name))
    }
    return [
        (places[at], generation.stamp[0], {name: values[i] for name, values in columns.items()})
        for i, at in enumerate(hit.tolist())
    ]
