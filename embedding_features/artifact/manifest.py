"""The manifest of a snapshot: everything that its readers must know, as JSON beside the tables."""

from typing import Any, Literal

from pydantic import AwareDatetime

from embedding_features.artifact.embeddings import Embeddings, Provenance
from embedding_features.artifact.kinds import Kind
from embedding_features.artifact.metric import Metric
from embedding_features.config import Config
from embedding_features.sources.report import FileReport


class Space(Config):
    """Names the space of vectors; two vectors can be compared only within one space.

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
        """The family and the version, as in ``lightgcn.s2``."""
        return f"{self.family}.s{self.version}"

    @classmethod
    def of(cls, embeddings: Embeddings, family: str | None = None) -> "Space":
        """Return the first space of a family, which is by default the method's name."""
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
    """Records how a snapshot was brought into its parent's space (orthogonal Procrustes on shared nodes).

    Where the residual was too large, the snapshot opened the next version of the space, its vectors were left
    as they were, and this record says why.
    """

    parent_run_id: str
    shared_nodes: int
    residual: float
    """Relative Frobenius residual on shared nodes: 0 is the same vectors, about 1.4 unrelated ones."""


class NodeRecord(Config):
    """Records what a snapshot holds of one node type."""

    count: int
    catalogue: int
    id_type: Literal["int64", "string"]
    ids_hash: str


class EdgeRecord(Config):
    """Records the edges of one relation that a snapshot was made from; times are None without time."""

    count: int
    first: AwareDatetime | None
    last: AwareDatetime | None


class CodebookRecord(Config):
    """Records a codebook that derived columns refer to."""

    id: str
    kind: Kind
    node_type: str
    column: str
    spec: dict[str, Any]


class Cosines(Config):
    """Summarizes cosines between stored vectors and those folded in from events.

    ``quantiles`` has those at 5, 25, 50, 75 and 95 %. Without any node, ``mean`` is None and there are none.
    """

    count: int
    mean: float | None
    quantiles: dict[str, float]


class SinceParent(Config):
    """Records what the parent's vectors made of the events until this snapshot, for one node type.

    Of the ``nodes`` with an event by then, ``stored`` had a vector in the parent, and ``reachable`` had one
    or an event with a node that had: the rest of these had fresh vectors only. ``moved`` holds, by number of
    events since the parent, the cosines between the parent's vector and the fresh one.
    """

    run_id: str
    as_of: AwareDatetime
    nodes: int
    stored: int
    reachable: int
    moved: dict[str, Cosines]


class FreshRecord(Config):
    """Records how near vectors folded in from events are to stored ones, for one node type.

    ``own`` compares this snapshot's vectors with those folded in from the edges that it was made from.
    """

    own: Cosines
    since_parent: SinceParent | None = None


class Manifest(Config):
    """Records everything that a reader of a snapshot must know.

    ``files`` maps each file of the folder (relative path) to its SHA-256; the vector table of node type t is
    ``<t>_vector.parquet``, its derived tables ``<t>_clusters.parquet`` and so on. ``published`` and
    ``feature_view_version`` (the N of the Feast pin ``view@vN``) are set by publishing. ``parent`` is the run
    id of the snapshot that this one continues. ``sides`` are the node types whose features rankers are served
    (none: all; those of attributes and of relations are published beside). ``derived`` is the recipe of the
    derived tables. ``read`` says what the logs held and what was left out (:func:`.summed`).
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
    sides: tuple[str, ...] = ()
    kinds: list[Kind] = ["vector"]
    derived: dict[str, Any] = {}
    codebooks: list[CodebookRecord] = []
    figures: dict[str, float] = {}
    health: dict[str, dict[str, float]] = {}
    fresh: dict[str, FreshRecord] = {}
    files: dict[str, str] = {}

    def provenance(self) -> Provenance:
        """Return how the vectors came to be, as the fit told it."""
        return Provenance(
            method=self.method,
            config=self.config,
            metric=self.space.metric,
            scorer=self.space.scorer,
            as_of=self.as_of,
            seed=self.seed,
            graph_fingerprint=self.graph_fingerprint,
            edges={name: (edges.count, edges.first, edges.last) for name, edges in self.edges.items()},
            sides=self.sides,
            figures=self.figures,
            read=self.read,
        )
