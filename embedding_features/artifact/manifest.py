"""The manifest: the contract that travels with every snapshot, as JSON beside it."""

from typing import Any, Literal

from pydantic import AwareDatetime

from embedding_features.artifact.embeddings import Embeddings, Metric
from embedding_features.artifact.kinds import Kind
from embedding_features.config import Config
from embedding_features.sources.report import FileReport


class Space(Config):
    """Where vectors mean something: two vectors compare only within one space.

    ``family`` names a line of snapshots (often the method); retraining stays in the space by alignment or
    opens the next ``version``.
    """

    family: str
    version: int
    dim: int
    metric: Metric
    scorer: str

    @property
    def id(self) -> str:
        return f"{self.family}.s{self.version}"

    @classmethod
    def of(cls, embeddings: Embeddings, family: str | None = None) -> "Space":
        """The first space of a family, by default the method's name."""
        made = embeddings.provenance
        return cls(
            family=family or made.method,
            version=1,
            dim=embeddings.dim,
            metric=made.metric,
            scorer=made.scorer,
        )

    def __str__(self) -> str:
        return f"{self.id} (dim {self.dim}, metric {self.metric}, scorer {self.scorer})"


class Alignment(Config):
    """How a snapshot was brought into its parent's space (orthogonal Procrustes on shared nodes).

    Where the residual was too large, the snapshot opened the next version of the space, its vectors were left
    as they were, and this record says why.
    """

    parent_run_id: str
    shared_nodes: int
    residual: float
    """Relative Frobenius residual on shared nodes: 0 is the same vectors, about 1.4 unrelated ones."""


class NodeRecord(Config):
    """What a snapshot holds of one node type."""

    count: int
    catalogue: int
    id_type: Literal["int64", "string"]
    ids_hash: str


class EdgeRecord(Config):
    """The edges of one relation that a snapshot was made from; times None for a relation without time."""

    count: int
    first: AwareDatetime | None
    last: AwareDatetime | None


class CodebookRecord(Config):
    """A codebook that derived columns refer to."""

    id: str
    kind: Kind
    node_type: str
    column: str
    spec: dict[str, Any]


class Manifest(Config):
    """Everything a consumer must know of a snapshot.

    ``files`` maps each file of the folder (relative path) to its SHA-256; the vector table of node type t is
    ``<t>_vector.parquet``, its derived tables ``<t>_clusters.parquet`` and so on. ``published`` and
    ``feature_view_version`` (the N of the Feast pin ``view@vN``) are set by publishing. ``parent`` is the run
    id of the snapshot that this one continues, ``derived`` the recipe of the derived tables. ``read`` says
    what the logs held and what was left out (:func:`.summed`).
    """

    format: Literal[1] = 1
    run_id: str
    library_version: str
    method: str
    config: dict[str, Any]
    config_hash: str
    seed: int
    as_of: AwareDatetime
    published: AwareDatetime | None = None
    feature_view_version: int | None = None
    space: Space
    parent: str | None = None
    alignment: Alignment | None = None
    graph_fingerprint: str
    edges: dict[str, EdgeRecord]
    read: dict[str, dict[str, FileReport]] = {}
    nodes: dict[str, NodeRecord]
    kinds: list[Kind] = ["vector"]
    derived: dict[str, Any] = {}
    codebooks: list[CodebookRecord] = []
    figures: dict[str, float] = {}
    health: dict[str, dict[str, float]] = {}
    files: dict[str, str] = {}
