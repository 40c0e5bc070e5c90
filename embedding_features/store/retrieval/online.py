"""Online reads: the values that a pinned service serves now, as Arrow."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
from feast import FeatureStore

from embedding_features.errors import DataError, StoreError
from embedding_features.store.outside_errors import file_errors
from embedding_features.store.retrieval.frames import Frame, as_table
from embedding_features.store.retrieval.keys import key_columns
from embedding_features.store.retrieval.online_rows import is_online
from embedding_features.store.retrieval.read_rows import read_rows
from embedding_features.store.retrieval.refs import ViewRequest, online_type, resolve
from embedding_features.store.retrieval.row_arrays import arrow_column
from embedding_features.store.session import open_store


@file_errors("reading online")
def online(repo: Path | str, ids: Frame, features: str | Sequence[str]) -> pa.Table:
    """Return the online values of entities.

    Args:
        repo: folder of the repository.
        ids: the entity key columns that the features need, as Arrow, pandas or polars (see
            :func:`.frames.as_table`); other columns are kept.
        features: name of a service, or references (see :func:`.refs.resolve`).

    Returns:
        ``ids``, rows in their order, plus a column ``<view>__<feature>`` for each feature, typed as by
        :func:`.historical.historical`; null for an unknown or null id, and after the view's ttl.

    Raises:
        DataError: when a key column is missing or of another type, or a feature's name is taken.
        StoreError: when Feast cannot answer, also when the version was never materialized.
    """
    repo = Path(repo)
    store = open_store(repo)
    given = frame = as_table(ids)
    for asked in resolve(store, features):
        for name, column in _read(store, repo, asked, given).items():
            if name in frame.column_names:
                raise DataError(f"the table has a column {name} already", fix="rename or drop it")
            frame = frame.append_column(name, column)
    return frame


def _read(store: FeatureStore, repo: Path, asked: ViewRequest, ids: pa.Table) -> dict[str, pa.Array]:
    """Return the columns of one view, aligned with the ids."""
    keys = key_columns(ids, asked.view)
    known = np.ones(len(ids), bool)
    for key in keys:
        known &= np.asarray(key.is_valid().to_numpy(zero_copy_only=False))
    rows = read_rows(store, asked, [key.filter(pa.array(known)) for key in keys])
    check_online(store, repo, asked, bool((rows.found | rows.expired).any()) or not known.any())
    place = pa.array(np.cumsum(known) - 1, mask=~known)
    names = [name for name, _ in asked.columns]
    return {
        name: arrow_column(rows.arrays[field.name], rows.found, online_type(field)).take(place)
        for name, field in zip(names, asked.fields, strict=True)
    }


def check_online(store: FeatureStore, repo: Path, asked: ViewRequest, found: bool) -> None:
    """Check that a view version is online, of which nothing was found.

    Raises:
        StoreError: when nothing was found because nothing of the view version is online.
    """
    if not found and not is_online(store, repo, asked.view):
        raise StoreError(
            f"view {asked.view.name} is not online at version {asked.version}", fix="materialize first"
        )
