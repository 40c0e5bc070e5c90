"""The vectors of a node type that a service is pinned to."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from embedding_features.errors import StoreError
from embedding_features.store.marks import mark, vector_dim
from embedding_features.store.published import snapshots_root
from embedding_features.store.retrieval.refs import ViewRequest


@dataclass(frozen=True)
class PinnedVectors:
    """Names the vectors of a node type that a service is pinned to.

    Attributes:
        ref: the reference ``view@vN:feature``.
        feature: its last part.
        folder: of the published snapshot, whose name is the run id.
        dim: of the vectors.
    """

    ref: str
    feature: str
    node_type: str
    folder: Path
    dim: int

    @property
    def family(self) -> str:
        """Return the family of the snapshot, whose folder lies in that of its space."""
        return self.folder.parent.name.rpartition(".s")[0]

    @property
    def run_id(self) -> str:
        """Return the run of the snapshot."""
        return self.folder.name


def pinned_vectors(repo: Path, service: str, asked: Sequence[ViewRequest], node_type: str) -> PinnedVectors:
    """Return the one view of vectors of a node type among those of a service.

    Args:
        repo: folder of the repository.
        service: name of the service.
        asked: its views.
        node_type: whose vectors.

    Raises:
        StoreError: when there is none or several.
    """
    found = all_pinned_vectors(repo, asked, node_type)
    if len(found) != 1:
        names = ", ".join(vectors.ref.split("@")[0] for vectors in found) or "none"
        raise StoreError(
            f"service {service} has not one published view of {node_type} vectors, but {names}",
            fix="name a service with one, such as ranking_dense; after an upgrade of the library "
            "`embedding-features doctor --fix` marks the views anew",
        )
    return found[0]


def all_pinned_vectors(repo: Path, asked: Sequence[ViewRequest], node_type: str) -> list[PinnedVectors]:
    """Return every published view of vectors of a node type among those of a service."""
    root = snapshots_root(repo)
    return [
        PinnedVectors(
            f"{view.view.name}@v{view.version}:{field.name}",
            field.name,
            node_type,
            root / str(mark(field, "space")) / str(mark(field, "run_id")),
            vector_dim(field) or 0,
        )
        for view in asked
        for field in view.fields
        if mark(field, "kind") == "vector" and mark(field, "run_id")
        if mark(view.view, "node_type") == node_type
    ]
