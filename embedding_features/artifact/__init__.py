"""What passes from pretraining to everyone else: vectors, manifest, snapshot folders, encoders."""

from typing import TYPE_CHECKING

from embedding_features.lazy import on_first_use

if TYPE_CHECKING:
    from embedding_features.artifact.compatibility import check_codebooks as check_codebooks
    from embedding_features.artifact.compatibility import check_space as check_space
    from embedding_features.artifact.embeddings import Embeddings as Embeddings
    from embedding_features.artifact.embeddings import EmbeddingTable as EmbeddingTable
    from embedding_features.artifact.embeddings import Provenance as Provenance
    from embedding_features.artifact.encoder import export_encoder as export_encoder
    from embedding_features.artifact.encoder import load_encoder as load_encoder
    from embedding_features.artifact.find import find_snapshot as find_snapshot
    from embedding_features.artifact.find import list_snapshots as list_snapshots
    from embedding_features.artifact.identity import run_id as run_id
    from embedding_features.artifact.kinds import Kind as Kind
    from embedding_features.artifact.manifest import Alignment as Alignment
    from embedding_features.artifact.manifest import CodebookRecord as CodebookRecord
    from embedding_features.artifact.manifest import EdgeRecord as EdgeRecord
    from embedding_features.artifact.manifest import Manifest as Manifest
    from embedding_features.artifact.manifest import NodeRecord as NodeRecord
    from embedding_features.artifact.manifest import Space as Space
    from embedding_features.artifact.metric import Metric as Metric
    from embedding_features.artifact.snapshot import Snapshot as Snapshot
    from embedding_features.artifact.write import write_snapshot as write_snapshot
    from embedding_features.encoders.base import Network as Network

#: networks bring torch and numba, which whoever reads a manifest or vectors does not need
__getattr__, __all__ = on_first_use(
    __name__,
    {
        "Alignment": "manifest:Alignment",
        "CodebookRecord": "manifest:CodebookRecord",
        "EdgeRecord": "manifest:EdgeRecord",
        "EmbeddingTable": "embeddings:EmbeddingTable",
        "Embeddings": "embeddings:Embeddings",
        "Kind": "kinds:Kind",
        "Manifest": "manifest:Manifest",
        "Metric": "metric:Metric",
        "Network": "encoder:Network",
        "NodeRecord": "manifest:NodeRecord",
        "Provenance": "embeddings:Provenance",
        "Snapshot": "snapshot:Snapshot",
        "Space": "manifest:Space",
        "check_codebooks": "compatibility:check_codebooks",
        "check_space": "compatibility:check_space",
        "export_encoder": "encoder:export_encoder",
        "find_snapshot": "find:find_snapshot",
        "list_snapshots": "find:list_snapshots",
        "load_encoder": "encoder:load_encoder",
        "run_id": "identity:run_id",
        "write_snapshot": "write:write_snapshot",
    },
)
