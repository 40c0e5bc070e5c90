"""Reads online rows as arrays: straight from a store that gives arrays, else through Feast."""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
from feast import FeatureStore, Field
from feast.protos.feast.serving.ServingService_pb2 import FieldStatus, GetOnlineFeaturesResponse

from embedding_features.errors import DataError
from embedding_features.ids import flat_ids
from embedding_features.store.online_stores.base import EmbeddingOnlineStore, GivenIds
from embedding_features.store.online_stores.key_types import has_plain_key, key_type
from embedding_features.store.online_stores.key_values import refuse_unfit
from embedding_features.store.online_stores.rows import Rows
from embedding_features.store.online_stores.values import from_proto, is_text
from embedding_features.store.outside_errors import feast_errors
from embedding_features.store.retrieval.keys import arrow_key, served_keys
from embedding_features.store.retrieval.online_rows import online_store_of
from embedding_features.store.retrieval.refs import ViewRequest
from embedding_features.store.retrieval.row_arrays import array_of

#: keys a call; SQLite binds at most 32,766 values in a statement
_BATCH = 10_000


def read_rows(store: FeatureStore, asked: ViewRequest, keys: Sequence[GivenIds]) -> Rows:
    """Return the rows of entities in their order.

    Args:
        store: Feast's store.
        asked: the view version and its features.
        keys: ids [n] for each join key of the view, none null.

    Raises:
        StoreError: when the view is not online, or Feast cannot answer.
        DataError: when ids are of another type than the entity's.
    """
    ours = online_store_of(store)
    if isinstance(ours, EmbeddingOnlineStore) and has_plain_key(asked.view):
        return ours.read_arrays(store.config, asked.view, keys[0], [f.name for f in asked.fields])
    return _through_feast(store, asked, _checked(asked, keys))


def _checked(asked: ViewRequest, keys: Sequence[GivenIds]) -> list[pa.Array]:
    """Return the ids of each key as Arrow, checked."""
    columns = asked.view.entity_columns
    names = [column.name for column in columns]
    arrays = [_as_arrow(column, ids) for column, ids in zip(columns, keys, strict=True)]
    if len({len(array) for array in arrays}) > 1:
        raise DataError(f"{', '.join(names)} have other numbers of ids", fix="give one of each for every row")
    frame = pa.table(arrays, names)
    nulls = [name for name in names if frame[name].null_count]
    if nulls:
        raise DataError(f"null among the ids of {', '.join(nulls)}", fix="drop rows without an id")
    return served_keys(frame, asked.view)


def _as_arrow(column: Field, ids: Any) -> pa.Array:
    """Return ids of a key as Arrow has them; one id is a list of one.

    Raises:
        DataError: when one does not fit the key exactly.
    """
    if isinstance(ids, pa.Array | pa.ChunkedArray) or hasattr(ids, "__arrow_c_stream__"):
        return flat_ids(ids)
    one = isinstance(ids, str | bytes) or not isinstance(ids, Iterable) or getattr(ids, "ndim", 1) == 0
    given, wanted = [ids] if one else list(ids), arrow_key(column)
    refuse_unfit(column.name, key_type(column), given)
    return pa.array(map(str, given) if is_text(wanted) else given, wanted)


def _through_feast(store: FeatureStore, asked: ViewRequest, keys: Sequence[pa.Array]) -> Rows:
    """Return the rows that Feast's own reads give."""
    names = [column.name for column in asked.view.entity_columns]
    answers = []
    for start in range(0, len(keys[0]), _BATCH):
        part = {name: key.slice(start, _BATCH).to_pylist() for name, key in zip(names, keys, strict=True)}
        with feast_errors(f"reading view {asked.view.name} online", fix="materialize first"):
            answers.append(
                store.get_online_features(asked.refs, entity_rows=part, full_feature_names=True).proto
            )
    count = len(keys[0])
    found, expired, event = np.zeros(count, bool), np.zeros(count, bool), np.zeros(count, np.int64)
    columns = [_column(answers, ref.replace(":", "__")) for ref in asked.refs]
    for values, statuses, times in columns:
        found |= np.array([value is not None for value in values], bool)
        expired |= np.array([status == FieldStatus.OUTSIDE_MAX_AGE for status in statuses], bool)
        event = np.maximum(event, np.array(times, np.int64))
    event[~(found | expired)] = 0
    arrays = {
        field.name: array_of(values, field)
        for (values, _, _), field in zip(columns, asked.fields, strict=True)
    }
    return Rows(found, expired, event, arrays)


def _column(
    answers: Sequence[GetOnlineFeaturesResponse], name: str
) -> tuple[list[Any], list[int], list[int]]:
    """Return a feature's values, statuses and times (µs) in all answers."""
    values: list[Any] = []
    statuses: list[int] = []
    times: list[int] = []
    for answer in answers:
        vector = answer.results[list(answer.metadata.feature_names.val).index(name)]
        values += [from_proto(value) for value in vector.values]
        statuses += list(vector.statuses)
        times += [t.seconds * 1_000_000 + t.nanos // 1000 for t in vector.event_timestamps]
    return values, statuses, times
