"""Indexes on a PostgreSQL server with pgvector, under the interface of those in this process."""

try:
    import psycopg  # noqa: F401
except ImportError as error:
    raise ImportError("this needs psycopg: pip install 'embedding-features[pgvector]'") from error

from embedding_features.recall.pgvector.connections import Connections
from embedding_features.recall.pgvector.index import PgVectorIndex
from embedding_features.recall.pgvector.live import LivePgVectorIndex

__all__ = ["Connections", "LivePgVectorIndex", "PgVectorIndex"]
