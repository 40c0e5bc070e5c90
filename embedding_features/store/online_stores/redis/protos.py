"""Rows of a view version for Feast's entity keys, as protobuf values."""

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
from feast import FeatureView, Field
from feast.protos.feast.types.Value_pb2 import Value

from embedding_features.store.online_stores.base import Found
from embedding_features.store.online_stores.layout import lacks, moment_of
from embedding_features.store.online_stores.redis.view import Answer
from embedding_features.store.online_stores.rows import outside
from embedding_features.store.online_stores.values import to_protos


def to_found(answer: Answer, view: FeatureView, names: Sequence[str], now: int) -> list[Found]:
    """(event time, values) for each key; no values after ttl, and no time either where there is no row."""
    result: list[Found] = [(None, None)] * len(answer.missing)
    for i, row in answer.pushed.items():
        values = None if _expired(row.stamp[0], view, now) else row.pick(names, f"view {view.name}")
        result[i] = moment_of(row.stamp[0]), values
    hit = np.flatnonzero(~answer.missing)
    if not len(hit) or answer.header.stamp is None:
        return result
    event = answer.header.stamp[0]
    moment, expired = moment_of(event), _expired(event, view, now)
    fields = {field.name: field for field in view.features}
    where = f"view {view.name}"
    columns = [] if expired else [_column(answer, fields[name], hit, where) for name in names]
    for at, i in enumerate(hit.tolist()):
        values = dict(zip(names, (column[at] for column in columns), strict=True)) if columns else None
        result[i] = moment, values
    return result


def _column(answer: Answer, field: Field, hit: np.ndarray, where: str) -> list[Value]:
    """The values of a feature in rows of the snapshot.

    Raises:
        StoreError: when it was made before the view had the feature.
    """
    taken = answer.packed.take(field.name)
    if taken is None:
        raise lacks(where, [field.name])
    return to_protos(taken[hit] if isinstance(taken, np.ndarray) else taken.take(pa.array(hit)), field)


def _expired(event: int, view: FeatureView, now: int) -> bool:
    return bool(outside(np.array([event]), view.ttl, now)[0])
