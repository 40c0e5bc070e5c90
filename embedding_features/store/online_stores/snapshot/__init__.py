"""The embedded online store: memory-mapped snapshots, and a small durable delta for pushes."""

from embedding_features.store.online_stores.snapshot.store import (
    SnapshotOnlineStore,
    SnapshotOnlineStoreConfig,
)

__all__ = ["SnapshotOnlineStore", "SnapshotOnlineStoreConfig"]
