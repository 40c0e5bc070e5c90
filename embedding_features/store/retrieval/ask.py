"""Asks Feast for training rows, in one call."""

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from feast import FeatureStore

from embedding_features.errors import StoreError
from embedding_features.store.offline import EmbeddingOfflineStore
from embedding_features.store.outside_errors import feast_errors
from embedding_features.store.retrieval.refs import ViewRequest

_ROW = "__row"


def is_ours(store: FeatureStore) -> bool:
    """Return whether the repository's offline store is that of this library."""
    return isinstance(store._get_provider().offline_store, EmbeddingOfflineStore)


def ask(store: FeatureStore, asked: Sequence[ViewRequest], entities: pa.Table, by_created: bool) -> pa.Table:
    """Return the answer of one call of Feast, in the order of ``entities`` and in the asked types."""
    columns = [column for a in asked for column in a.columns]
    if not len(entities):
        return pa.table({name: pa.nulls(0, dtype or pa.null()) for name, dtype in columns})
    rows = entities.append_column(_ROW, pa.array(np.arange(len(entities))))
    names = ", ".join(a.view.name for a in asked)
    with feast_errors(f"joining {names}"):
        job = store.get_historical_features(
            rows if is_ours(store) else rows.to_pandas(),
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
