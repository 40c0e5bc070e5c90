"""What passes from pretraining to everyone else: vectors, manifest, snapshot folders, encoders."""

from typing import TYPE_CHECKING

from embedding_features.artifact.compatibility import check_codebooks, check_space
from embedding_features.artifact.embeddings import Embeddings, EmbeddingTable, Metric, Provenance
from embedding_features.artifact.kinds import Kind
from embedding_features.artifact.manifest import (
    Alignment,
    CodebookRecord,
    EdgeRecord,
    Manifest,
    NodeRecord,
    Space,
)
from embedding_features.artifact.snapshot import Snapshot, find_snapshot, list_snapshots
from embedding_features.artifact.write import run_id, write_snapshot
from embedding_features.lazy import on_first_use

if TYPE_CHECKING:
    from embedding_features.artifact.encoder import export_encoder, load_encoder

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

#: networks bring torch and numba, which whoever reads a manifest or vectors does not need
__getattr__ = on_first_use(
    __name__, {"export_encoder": "encoder:export_encoder", "load_encoder": "encoder:load_encoder"}
)
