"""One relation of a graph."""

from dataclasses import dataclass

from embedding_features.arrays import F32, I32, I64
from embedding_features.graph.csr import CSR


@dataclass(frozen=True)
class Relation:
    """Holds the edges of one meaning between two node types, in both directions.

    Attributes:
        name: of the relation.
        src: node type of the sources.
        dst: node type of the destinations.
        forward: the edges with the sources as rows.
        reverse: the same edges with the destinations as rows.
    """

    name: str
    src: str
    dst: str
    forward: CSR
    reverse: CSR

    @classmethod
    def from_edges(
        cls,
        name: str,
        src_type: str,
        dst_type: str,
        src: I32 | I64,
        dst: I32 | I64,
        shape: tuple[int, int],
        weight: F32 | None = None,
        time: I64 | None = None,
    ) -> "Relation":
        """Build both directions from row indices; see :meth:`CSR.from_edges`."""
        forward = CSR.from_edges(src, dst, shape, weight, time)
        return cls(name, src_type, dst_type, forward, forward.transposed())
