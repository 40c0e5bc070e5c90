"""Point-in-time training data: each row with the newest snapshot strictly older than its time."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from feast import FeatureStore, FeatureView, Field

from embedding_features.arrays import I64
from embedding_features.artifact import Snapshot
from embedding_features.errors import DataError, StoreError
from embedding_features.sources.moment import to_microseconds
from embedding_features.store.offline import EmbeddingOfflineStore
from embedding_features.store.published import as_published
from embedding_features.store.retrieval.frames import Frame, as_table
from embedding_features.store.retrieval.keys import codes, key_columns
from embedding_features.store.retrieval.refs import ViewRequest, resolve, run_of
from embedding_features.store.session import feast_errors, file_errors, open_store

_EVENT, _ROW = "event_timestamp", "__row"


@file_errors("joining")
def historical(
    repo: Path | str,
    frame: Frame,
    features: str | Sequence[str],
    *,
    strict: bool = True,
    filter_by_created_timestamp: bool = False,
) -> pa.Table:
    """Join features to rows, as they were known at each row's time.

    Feast's join takes snapshots with ``as_of <= t``; ``strict`` asks for those with ``as_of < t``, which is
    contract 1. :class:`~.offline.EmbeddingOfflineStore` answers all views in one call. The cost of other
    stores is rows × snapshots, so they are asked only for what differs: between two neighbouring moments at
    which a snapshot appears, is published or expires, the answer for an entity is the same, and each distinct
    (entity, such interval) is joined once and gathered back to the rows.

    Args:
        frame: the entity keys (``user_id`` …), ``event_timestamp`` (with zone), and any other columns, as
            Arrow, pandas or polars (see :func:`.frames.as_table`).
        features: name of a service, or references (see :func:`.refs.resolve`).
        strict: a row sees only what is older than it; False also what is as old.
        filter_by_created_timestamp: it sees only what had been published by then, too.

    Returns:
        The frame, rows in their order, plus a column ``<view>__<feature>`` for each feature: vectors as
        fixed-size lists of float32, tokens and cluster ids as lists of int64; null where nothing was known.

    Raises:
        DataError: when the frame lacks a key or a zone, or has a column of a feature's name.
        StoreError: when Feast cannot answer.
    """
    store = open_store(Path(repo))
    return joined(store, frame, resolve(store, features), strict, filter_by_created_timestamp)


def joined(
    store: FeatureStore, given: Frame, asked: Sequence[ViewRequest], strict: bool, by_created: bool
) -> pa.Table:
    """:func:`historical` for a caller who has the store open, and the features resolved."""
    frame = as_table(given)
    moments = _moments(frame) - int(strict)
    if isinstance(store._get_provider().offline_store, EmbeddingOfflineStore):
        keys = {c.name: k for a in asked for c, k in _keys(frame, a)}
        times = pa.array(moments, pa.timestamp("us", tz="UTC"))
        found = _ask(store, asked, pa.table({**keys, _EVENT: times}), by_created).itercolumns()
    else:
        found = (column for a in asked for column in _join(store, a, frame, moments, by_created))
    for name, column in zip([name for a in asked for name, _ in a.columns], found, strict=True):
        if name in frame.column_names:
            raise DataError(f"the frame has a column {name} already", fix="rename or drop it")
        frame = frame.append_column(name, column)
    return frame


def _keys(frame: pa.Table, asked: ViewRequest) -> list[tuple[Field, pa.Array]]:
    return list(zip(asked.view.entity_columns, key_columns(frame, asked.view), strict=True))


def _moments(frame: pa.Table) -> I64:
    """[n] int64 µs of the rows; a finer time is rounded down, so that it sees less rather than more."""
    if _EVENT not in frame.column_names or not pa.types.is_timestamp(frame.schema.field(_EVENT).type):
        raise DataError(f"the frame has no timestamp column {_EVENT}", fix=f"add {_EVENT}, with a zone")
    column = frame.column(_EVENT)
    if column.type.tz is None:
        raise DataError(f"{_EVENT} has no zone", fix="cast it to timestamp('us', tz='UTC')")
    if column.null_count:
        raise DataError(f"{column.null_count} null times in {_EVENT}", fix="drop those rows")
    floor = pc.floor_temporal(column, unit="microsecond") if column.type.unit == "ns" else column
    return np.asarray(floor.cast(pa.timestamp("us", tz="UTC")).cast(pa.int64()).to_numpy(), np.int64)


def _borders(view: FeatureView, created: bool) -> I64 | None:
    """[b] int64 µs, ascending: where the answer may change; None for a view that is not of a snapshot."""
    if not run_of(view):
        return None
    pattern = Path(view.batch_source.path)
    found = pattern.parent.parent.glob(f"*/{pattern.name}")
    runs = [as_published(Snapshot.open(path.parent, verify=False)) for path in found]
    borders = {to_microseconds(run.as_of) for run in runs}
    if created:
        borders |= {to_microseconds(run.created) for run in runs}
    if view.ttl:
        borders |= {to_microseconds(run.as_of + view.ttl) + 1 for run in runs}
    return np.array(sorted(borders), np.int64)


def _join(
    store: FeatureStore, asked: ViewRequest, frame: pa.Table, moments: I64, by_created: bool
) -> list[pa.ChunkedArray]:
    """The columns of one view, aligned with the frame's rows."""
    keys = [key for _, key in _keys(frame, asked)]
    borders = _borders(asked.view, by_created)
    if borders is None:
        borders = np.unique(moments)
    interval = np.searchsorted(borders, moments, side="right") - 1
    pairs = codes([codes(keys), interval.astype(np.int64)])
    distinct, first, which = np.unique(pairs, return_index=True, return_inverse=True)
    first = first[distinct >= 0]
    index = pa.array(which - np.count_nonzero(distinct < 0), mask=pairs < 0)
    entities = {c.name: k.take(pa.array(first)) for c, k in zip(asked.view.entity_columns, keys, strict=True)}
    entities[_EVENT] = pa.array(borders[interval[first]], pa.timestamp("us", tz="UTC"))
    answer = _ask(store, [asked], pa.table(entities), by_created)
    return [column.take(index) for column in answer.columns]


def _ask(store: FeatureStore, asked: Sequence[ViewRequest], entities: pa.Table, by_created: bool) -> pa.Table:
    """One call of Feast, in the order of ``entities`` and in the asked types."""
    columns = [column for a in asked for column in a.columns]
    if not len(entities):
        return pa.table({name: pa.nulls(0, dtype or pa.null()) for name, dtype in columns})
    rows = entities.append_column(_ROW, pa.array(np.arange(len(entities))))
    ours = isinstance(store._get_provider().offline_store, EmbeddingOfflineStore)
    names = ", ".join(a.view.name for a in asked)
    with feast_errors(f"joining {names}"):
        job = store.get_historical_features(
            rows if ours else rows.to_pandas(),
            [ref for a in asked for ref in a.refs],
            full_feature_names=True,
            filter_by_created_timestamp=by_created,
        )
        table: pa.Table = job.to_arrow()
    if len(table) != len(entities):
        raise StoreError(f"Feast returned {len(table)} rows of {names} for {len(entities)}")
    if not table.column(_ROW).equals(rows.column(_ROW)):
        table = table.take(pc.sort_indices(table.column(_ROW)))
    return pa.table({name: _typed(table.column(name), dtype) for name, dtype in columns})


def _typed(column: pa.ChunkedArray, dtype: pa.DataType | None) -> pa.ChunkedArray:
    return column if dtype is None or column.type == dtype else column.cast(dtype)
