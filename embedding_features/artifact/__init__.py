"""What passes from pretraining to everyone else: vectors, manifest, snapshot folders, encoders."""

from embedding_features.artifact.compatibility import check_codebooks, check_space
from embedding_features.artifact.embeddings import Embeddings, EmbeddingTable, Metric, Provenance
from embedding_features.artifact.encoder import export_encoder, load_encoder
from embedding_features.artifact.manifest import (
    Alignment,
    CodebookRecord,
    EdgeRecord,
    Kind,
    Manifest,
    NodeRecord,
    Space,
)
from embedding_features.artifact.snapshot import Snapshot, find_snapshot, list_snapshots
from embedding_features.artifact.write import run_id, write_snapshot

__all__ = [
    "Alignment",
    "CodebookRecord",
    "EdgeRecord",
    "EmbeddingTable",
    "Embeddings",
    "Kind",
    "Manifest",
    "Metric",
    "NodeRecord",
    "Provenance",
    "Snapshot",
    "Space",
    "check_codebooks",
    "check_space",
    "export_encoder",
    "find_snapshot",
    "list_snapshots",
    "load_encoder",
    "run_id",
    "write_snapshot",
]
