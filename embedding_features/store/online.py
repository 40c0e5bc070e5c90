"""Online reads: the values that a pinned service serves now, as Arrow."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from feast import FeatureStore

from embedding_features.errors import DataError, StoreError
from embedding_features.store.keys import codes, key_columns
from embedding_features.store.online_rows import is_online
from embedding_features.store.refs import Asked, resolve
from embedding_features.store.session import feast_errors, open_store

#: keys a call; SQLite binds at most 32,766 values in a statement
_BATCH = 10_000


def online(repo: Path | str, ids: pa.Table, features: str | Sequence[str]) -> pa.Table:
    """The online values of entities.

    Args:
        ids: the entity key columns that the features need; other columns are kept.
        features: name of a service, or references (see :func:`.refs.resolve`).

    Returns:
        ``ids``, rows in their order, plus a column ``<view>__<feature>`` for each feature, typed as by
        :func:`.historical.historical`; null for an unknown or null id.

    Raises:
        DataError: when a key column is missing or of another type, or a feature's name is taken.
        StoreError: when Feast cannot answer, also when the version was never materialized.
    """
    repo = Path(repo)
    store = open_store(repo)
    frame = ids
    for asked in resolve(store, features):
        for name, column in _read(store, repo, asked, ids).items():
            if name in frame.column_names:
                raise DataError(f"the table has a column {name} already", fix="rename or drop it")
            frame = frame.append_column(name, column)
    return frame


def _read(store: FeatureStore, repo: Path, asked: Asked, ids: pa.Table) -> dict[str, pa.Array]:
    keys = key_columns(ids, asked.view)
    numbers = codes(keys)
    distinct, first, which = np.unique(numbers, return_index=True, return_inverse=True)
    first = first[distinct >= 0]
    index = pa.array(which - np.count_nonzero(distinct < 0), mask=numbers < 0)
    wanted = {
        c.name: k.take(pa.array(first)).to_pylist()
        for c, k in zip(asked.view.entity_columns, keys, strict=True)
    }
    values: dict[str, list[Any]] = {name: [] for name, _ in asked.columns}
    for start in range(0, len(first), _BATCH):
        part = {key: column[start : start + _BATCH] for key, column in wanted.items()}
        with feast_errors(f"reading view {asked.view.name} online", fix="materialize first"):
            response = store.get_online_features(asked.refs, entity_rows=part, full_feature_names=True)
        answer = response.to_dict()
        for (name, _), ref in zip(asked.columns, asked.refs, strict=True):
            values[name].extend(answer[ref.replace(":", "__")])
    found = any(value for column in values.values() for value in column)
    if len(first) and not found and not is_online(store, repo, asked.view):
        raise StoreError(
            f"view {asked.view.name} is not online at version {asked.version}", fix="materialize first"
        )
    return {name: _array(values[name], dtype).take(index) for name, dtype in asked.columns}


def _array(values: list[Any], dtype: pa.DataType | None) -> pa.Array:
    """Python lists of one feature as Arrow; Feast returns [] or None for what it does not have."""
    if dtype is None:
        return pa.array(values)
    return pa.array([value or None for value in values], dtype)
