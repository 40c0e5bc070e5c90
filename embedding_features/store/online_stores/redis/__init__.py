"""The Redis online store: one packed value for each entity, switched in one atomic step."""

from embedding_features.store.online_stores.redis.store import (
    RedisEmbeddingOnlineStore,
    RedisEmbeddingOnlineStoreConfig,
)

__all__ = ["RedisEmbeddingOnlineStore", "RedisEmbeddingOnlineStoreConfig"]
