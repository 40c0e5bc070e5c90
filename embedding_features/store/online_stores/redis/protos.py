"""Rows of a view version for Feast's entity keys, as protobuf values."""

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
from feast import FeatureView
from feast.protos.feast.types.Value_pb2 import Value

from embedding_features.store.online_stores.feast_reads import Found
from embedding_features.store.online_stores.layout import moment_of, ttl_of
from embedding_features.store.online_stores.redis.view import RowsRead
from embedding_features.store.online_stores.rows import outside
from embedding_features.store.online_stores.slots import to_protos


def to_found(answer: RowsRead, view: FeatureView, names: Sequence[str], now: int) -> list[Found]:
    """(event time, values) for each key; no values after ttl, and no time either where there is no row."""
    result: list[Found] = [(None, None)] * len(answer.missing)
    for i, row in answer.pushed.items():
        values = None if _expired(row.stamp[0], view, now) else row.pick(names)
        result[i] = moment_of(row.stamp[0]), values
    hit = np.flatnonzero(~answer.missing)
    if not len(hit) or answer.header.stamp is None:
        return result
    event = answer.header.stamp[0]
    moment, expired = moment_of(event), _expired(event, view, now)
    columns = {} if expired else _columns(answer, view, names, hit)
    for at, i in enumerate(hit.tolist()):
        values = None if expired else {name: column[at] for name, column in columns.items()}
        result[i] = moment, values
    return result


def _columns(
    answer: RowsRead, view: FeatureView, names: Sequence[str], hit: np.ndarray
) -> dict[str, list[Value]]:
    """The values of features in rows of the snapshot, without those that it lacks."""
    columns = {}
    for field in view.features:
        taken = answer.packed.take(field.name) if field.name in names else None
        if taken is not None:
            rows = taken[hit] if isinstance(taken, np.ndarray) else taken.take(pa.array(hit))
            columns[field.name] = to_protos(rows, field)
    return columns


def _expired(event: int, view: FeatureView, now: int) -> bool:
    return bool(outside(np.array([event]), ttl_of(view), now)[0])
