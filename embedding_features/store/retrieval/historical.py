"""Point-in-time training data: each row with the newest snapshot strictly older than its time."""

from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
from feast import FeatureStore, FeatureView, Field

from embedding_features.arrays import I64
from embedding_features.errors import DataError
from embedding_features.store.moments import EVENT, STAMP, floor_micros
from embedding_features.store.outside_errors import file_errors
from embedding_features.store.retrieval.ask import ask, is_ours
from embedding_features.store.retrieval.frames import Frame, as_table
from embedding_features.store.retrieval.intervals import join_by_intervals
from embedding_features.store.retrieval.keys import key_columns
from embedding_features.store.retrieval.refs import ViewRequest, resolve
from embedding_features.store.session import open_store


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
        repo: folder of the repository.
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
    """Do what :func:`historical` does, with the store open and the features resolved."""
    frame = as_table(given)
    moments = _moments(frame) - int(strict)
    if is_ours(store):
        keys = {c.name: k for a in asked for c, k in _keys(frame, a.view)}
        times = pa.array(moments, STAMP)
        found = ask(store, asked, pa.table({**keys, EVENT: times}), by_created).itercolumns()
    else:
        found = (column for a in asked for column in join_by_intervals(store, a, frame, moments, by_created))
    for name, column in zip([name for a in asked for name, _ in a.columns], found, strict=True):
        if name in frame.column_names:
            raise DataError(f"the frame has a column {name} already", fix="rename or drop it")
        frame = frame.append_column(name, column)
    return frame


def _keys(frame: pa.Table, view: FeatureView) -> Iterable[tuple[Field, pa.Array]]:
    """Return the key fields of a view, and the frame's column of each."""
    return zip(view.entity_columns, key_columns(frame, view), strict=True)


def _moments(frame: pa.Table) -> I64:
    """Return [n] int64 µs of the rows; a finer time is rounded down, so that it sees less."""
    if EVENT not in frame.column_names or not pa.types.is_timestamp(frame.schema.field(EVENT).type):
        raise DataError(f"the frame has no timestamp column {EVENT}", fix=f"add {EVENT}, with a zone")
    column = frame.column(EVENT)
    if column.type.tz is None:
        raise DataError(f"{EVENT} has no zone", fix="cast it to timestamp('us', tz='UTC')")
    if column.null_count:
        raise DataError(f"{column.null_count} null times in {EVENT}", fix="drop those rows")
    return np.asarray(floor_micros(column).to_numpy(), np.int64)
