"""A Feast offline store for embeddings: point-in-time joins in the time of one ASOF join, Arrow out.

In ``feature_store.yaml``::

    offline_store:
      type: embedding_features.store.offline.EmbeddingOfflineStore

Everything of Feast's duckdb store goes on working; only ``get_historical_features`` is ours. Each view is
joined in two steps: first, with keys and times alone, which row of which file a label sees (:mod:`.asof`, or
:mod:`.mapped` for published snapshots); then those rows' features are brought into the labels' order.
"""

from embedding_features.store.offline.store import EmbeddingOfflineStore, EmbeddingOfflineStoreConfig

__all__ = ["EmbeddingOfflineStore", "EmbeddingOfflineStoreConfig"]
