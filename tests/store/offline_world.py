"""Feast stores without a repository folder, on which our offline store and the stock one answer alike."""

import contextlib
import io
import warnings
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
from feast import Entity, FeatureStore, FeatureView, Field, FileSource, RepoConfig, ValueType
from feast.infra.offline_stores.duckdb import DuckDBOfflineStore
from feast.types import Int64, String

T0 = datetime(2024, 1, 1, tzinfo=UTC)
US = pa.timestamp("us", tz="UTC")
KIND = "embedding_features.store.offline.EmbeddingOfflineStore"
ENTITIES = {
    "user": Entity(name="user", join_keys=["user_id"], value_type=ValueType.INT64),
    "item": Entity(name="item", join_keys=["item_id"], value_type=ValueType.STRING),
}
_KEYS = {"user": Field(name="user_id", dtype=Int64), "item": Field(name="item_id", dtype=String)}


def stamps(seconds: Sequence[int | None]) -> pa.Array:
    """Timestamps so many seconds after T0."""
    start = int(T0.timestamp())
    return pa.array([None if s is None else (start + s) * 1_000_000 for s in seconds], pa.int64()).cast(US)


def view(
    name: str,
    entities: Sequence[str],
    path: Path,
    features: Mapping[str, Any],
    event: str = "event_timestamp",
    created: str = "",
    ttl: timedelta = timedelta(0),
    mapping: Mapping[str, str] | None = None,
) -> FeatureView:
    """A view of user, item or both on a Parquet glob."""
    source = FileSource(
        path=str(path),
        timestamp_field=event,
        created_timestamp_column=created,
        field_mapping=dict(mapping or {}),
    )
    schema = [*(_KEYS[e] for e in entities), *(Field(name=n, dtype=t) for n, t in features.items())]
    return FeatureView(
        name=name, entities=[ENTITIES[e] for e in entities], ttl=ttl, schema=schema, source=source
    )


def open_store(root: Path, objects: Sequence[Any], **settings: Any) -> FeatureStore:
    """A store with our offline store and these objects applied."""
    config = RepoConfig(
        project="p",
        provider="local",
        registry=str(root / "registry.db"),
        offline_store={"type": KIND},
        online_store={"type": "sqlite", "path": str(root / "online.db")},
        entity_key_serialization_version=3,
        **settings,
    )
    store = FeatureStore(config=config)
    with quiet():
        store.apply([*ENTITIES.values(), *objects])
    return store


@contextlib.contextmanager
def quiet():
    with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
        warnings.simplefilter("ignore")
        yield


def ask(
    store: FeatureStore,
    frame: pd.DataFrame | pa.Table,
    refs: Sequence[str],
    guard: bool = False,
    full: bool = True,
    map_snapshots: bool = True,
) -> pa.Table:
    """Through Feast, from our store."""
    store.config.offline_store.map_snapshots = map_snapshots
    with quiet():
        job = store.get_historical_features(
            frame, list(refs), full_feature_names=full, filter_by_created_timestamp=guard
        )
        return job.to_arrow()


def ask_stock(
    store: FeatureStore, frame: pd.DataFrame, refs: Sequence[str], guard: bool = False, full: bool = True
) -> pa.Table:
    """Through Feast, from its own duckdb store."""
    with stock_of(store):
        return ask(store, frame.copy(), refs, guard, full)


@contextlib.contextmanager
def stock_of(store: FeatureStore):
    """The same store with Feast's own duckdb store in the place of ours, also where it materializes."""
    provider = store._get_provider()
    ours = provider.offline_store
    provider._offline_store = DuckDBOfflineStore()
    provider._batch_engine = None
    try:
        yield store
    finally:
        provider._offline_store, provider._batch_engine = ours, None
