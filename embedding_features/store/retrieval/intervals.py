"""Point-in-time joins through any offline store of Feast, which is asked only for what differs."""

from pathlib import Path

import numpy as np
import pyarrow as pa
from feast import FeatureStore, FeatureView

from embedding_features.arrays import I64
from embedding_features.artifact import Snapshot
from embedding_features.store.moments import EVENT, STAMP, micros
from embedding_features.store.published import as_published
from embedding_features.store.retrieval.ask import ask
from embedding_features.store.retrieval.keys import codes, key_columns
from embedding_features.store.retrieval.refs import ViewRequest, run_of


def join_by_intervals(
    store: FeatureStore, asked: ViewRequest, frame: pa.Table, moments: I64, by_created: bool
) -> list[pa.ChunkedArray]:
    """Return the columns of one view, aligned with the frame's rows."""
    keys = key_columns(frame, asked.view)
    borders = _borders(asked.view, by_created)
    if borders is None:
        borders = np.unique(moments)
    interval = np.searchsorted(borders, moments, side="right") - 1
    pairs = codes([codes(keys), interval.astype(np.int64)])
    distinct, first, which = np.unique(pairs, return_index=True, return_inverse=True)
    first = first[distinct >= 0]
    index = pa.array(which - np.count_nonzero(distinct < 0), mask=pairs < 0)
    entities = {c.name: k.take(pa.array(first)) for c, k in zip(asked.view.entity_columns, keys, strict=True)}
    entities[EVENT] = pa.array(borders[interval[first]], STAMP)
    answer = ask(store, [asked], pa.table(entities), by_created)
    return [column.take(index) for column in answer.columns]


def _borders(view: FeatureView, created: bool) -> I64 | None:
    """Return [b] int64 µs, ascending: where the answer may change; None for a view of no snapshot."""
    if not run_of(view):
        return None
    pattern = Path(view.batch_source.path)
    found = pattern.parent.parent.glob(f"*/{pattern.name}")
    runs = [as_published(Snapshot.open(path.parent, verify=False)) for path in found]
    borders = {micros(run.as_of) for run in runs}
    if created:
        borders |= {micros(run.created) for run in runs}
    if view.ttl:
        borders |= {micros(run.as_of + view.ttl) + 1 for run in runs}
    return np.array(sorted(borders), np.int64)
