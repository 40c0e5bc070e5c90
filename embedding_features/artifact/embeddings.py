"""Embeddings: one table of vectors for each node type, and how they came to be."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from embedding_features.arrays import F32
from embedding_features.artifact.fold_in import FoldIns
from embedding_features.artifact.metric import Metric
from embedding_features.errors import DataError
from embedding_features.sources.report import ReadReport

if TYPE_CHECKING:
    from embedding_features.encoders.base import Network

#: the name among node types of the table of relations' vectors: its ids are the names of relations, and of
#: their reciprocals with ``~`` in front
RELATION = "relation"


@dataclass(frozen=True)
class EmbeddingTable:
    """Holds the vectors of the nodes of one type that had at least one edge.

    Attributes:
        node_type: name of the node type; its entity key column is ``<node_type>_id``.
        ids: [n] Arrow int64 or string, distinct, in vocabulary order.
        vectors: [n, dim] float32, row r belongs to ``ids[r]``.
        catalogue: size of the vocabulary, nodes without edges included.
    """

    node_type: str
    ids: pa.Array
    vectors: F32
    catalogue: int

    def __post_init__(self) -> None:
        if self.vectors.ndim != 2 or len(self.ids) != len(self.vectors):
            raise DataError(f"{self.node_type}: {len(self.ids)} ids beside vectors {self.vectors.shape}")
        if self.vectors.dtype != np.float32:
            raise DataError(f"{self.node_type}: vectors are {self.vectors.dtype}, not float32")

    @property
    def key(self) -> str:
        """The name of the id column in Arrow and Feast."""
        return f"{self.node_type}_id"

    @property
    def dim(self) -> int:
        """The dimension of the vectors."""
        return int(self.vectors.shape[1])


@dataclass(frozen=True)
class Provenance:
    """Records everything about a fit that a manifest keeps.

    Attributes:
        method: registered name, e.g. ``"lightgcn"``.
        config: the method's resolved composition as JSON-ready values.
        metric: how two vectors are compared at retrieval.
        scorer: the relation operator it was trained with, e.g. ``"dot"``.
        as_of: the graph's moment.
        seed: of every random choice.
        graph_fingerprint: of the graph it was fitted on.
        edges: relation → (count, earliest time, latest time), first the relation that the vectors are of,
            then that of values; times None for a relation without time.
        sides: node types of the first relation's ends, whose features rankers are served; none: all.
        figures: what training measured (loss, validation recall, epochs, seconds).
        read: what the graph's build read and left out; see :func:`.summed`.
    """

    method: str
    config: Mapping[str, Any]
    metric: Metric
    scorer: str
    as_of: datetime
    seed: int
    graph_fingerprint: str
    edges: Mapping[str, tuple[int, datetime | None, datetime | None]]
    sides: tuple[str, ...] = ()
    figures: Mapping[str, float] = field(default_factory=dict)
    read: ReadReport = field(default_factory=dict)


@dataclass(frozen=True)
class Embeddings:
    """Holds the vectors of one fit.

    Attributes:
        tables: node type → table; all have the same dim.
        provenance: how they came to be.
        encoder: the trained network whose output the tables are, for sub-model mode; None for closed form.
        fold_ins: node type → purpose → how a node of that type is folded in from its events.
    """

    tables: Mapping[str, EmbeddingTable]
    provenance: Provenance
    encoder: "Network | None" = None
    fold_ins: FoldIns = field(default_factory=dict)

    @property
    def dim(self) -> int:
        """The dimension of the vectors, the same in all tables."""
        return next(iter(self.tables.values())).dim
