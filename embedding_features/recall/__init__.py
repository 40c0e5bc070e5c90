"""Nearest-neighbour search over a snapshot's vectors: exact or approximate, filtered, saved, replaceable."""

from embedding_features.ids import Ids
from embedding_features.recall.catalogue import Catalogue
from embedding_features.recall.index import RecallIndex
from embedding_features.recall.interface import VectorIndex
from embedding_features.recall.live import LiveIndex
from embedding_features.recall.manifest import IndexManifest
from embedding_features.recall.queries import Hits, Queries
from embedding_features.recall.settings import HNSW, IVFPQ, Exact, RecallSettings
from embedding_features.recall.use_cases import cold_start_recall, cross_domain_recall, interest_recall

__all__ = [
    "HNSW",
    "IVFPQ",
    "Catalogue",
    "Exact",
    "Hits",
    "Ids",
    "IndexManifest",
    "LiveIndex",
    "Queries",
    "RecallIndex",
    "RecallSettings",
    "VectorIndex",
    "cold_start_recall",
    "cross_domain_recall",
    "interest_recall",
]
