"""Edges of several relations as triples (source, relation, target), and the known targets of each query."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from embedding_features.arrays import I32, I64
from embedding_features.errors import GraphError
from embedding_features.graph.csr import MAX_NODES


class TripleArrays(NamedTuple):
    """Holds edges of several relations.

    Attributes:
        src: [triples] int64 rows of the sources.
        relation: [triples] int64 numbers of the relations.
        dst: [triples] int64 rows of the targets.
    """

    src: I64
    relation: I64
    dst: I64

    def inverted(self, relations: int) -> "TripleArrays":
        """Return each triple from its other side, under the reciprocal relation k + ``relations``."""
        return TripleArrays(self.dst, self.relation + relations, self.src)

    def with_inverses(self, relations: int) -> "TripleArrays":
        """Return the triples, then each from its other side (Lacroix et al., ICML 2018, section 3)."""
        return TripleArrays(*map(np.concatenate, zip(self, self.inverted(relations), strict=True)))


@dataclass(frozen=True)
class QueryAnswers:
    """Holds the known targets of each query, a pair of source and relation, as compressed rows.

    Attributes:
        src: [queries] int64 rows of the sources; queries are distinct, ascending by source, then relation.
        relation: [queries] int64 numbers of the relations.
        indptr: [queries + 1] int64; the targets of query q are ``indptr[q]:indptr[q + 1]``.
        indices: [targets] int32 rows, distinct and ascending within a query.
        nodes: number of nodes.
        relations: number of relations.
    """

    src: I64
    relation: I64
    indptr: I64
    indices: I32
    nodes: int
    relations: int

    @classmethod
    def of(cls, triples: TripleArrays, nodes: int, relations: int) -> "QueryAnswers":
        """Group triples by source and relation; one that is there twice counts once.

        Args:
            triples: the known ones.
            nodes: how many there are; rows are below it.
            relations: how many there are, reciprocal ones too.

        Raises:
            GraphError: when a row or a relation lies outside of these numbers, or there are more nodes than
                int32 counts.

        Example:
            >>> triples = TripleArrays(np.array([0, 0, 0]), np.array([1, 1, 0]), np.array([2, 1, 2]))
            >>> known = QueryAnswers.of(triples, nodes=3, relations=2)
            >>> known.relation.tolist(), known.indptr.tolist(), known.indices.tolist()
            ([0, 1], [0, 1, 3], [2, 1, 2])
        """
        check_triples(triples, nodes, relations)
        query = triples.src * relations + triples.relation
        order = np.lexsort((triples.dst, query))
        query, dst = query[order], triples.dst[order]
        new = np.ones(len(query), np.bool_)
        new[1:] = (query[1:] != query[:-1]) | (dst[1:] != dst[:-1])
        keys, counts = np.unique(query[new], return_counts=True)
        indptr = np.concatenate([np.zeros(1, np.int64), np.cumsum(counts)])
        return cls(keys // relations, keys % relations, indptr, dst[new].astype(np.int32), nodes, relations)

    def runs(self, src: I64, relation: I64) -> tuple[I64, I64]:
        """Return [m] where in ``indices`` the targets of each query begin, and [m] where they end.

        Args:
            src: [m] rows of the sources.
            relation: [m] numbers of the relations.
        """
        if len(self.src) == 0:
            return np.zeros(len(src), np.int64), np.zeros(len(src), np.int64)
        keys, asked = self.src * self.relations + self.relation, src * self.relations + relation
        at = np.minimum(np.searchsorted(keys, asked), len(keys) - 1)
        starts = self.indptr[at]
        return starts, np.where(keys[at] == asked, self.indptr[at + 1], starts)


def check_triples(triples: TripleArrays, nodes: int, relations: int) -> None:
    """Check that triples are of ``nodes`` nodes and ``relations`` relations.

    Raises:
        GraphError: naming what lies outside.
    """
    if nodes > MAX_NODES:
        raise GraphError(f"{nodes} nodes; at most {MAX_NODES} fit")
    if len({len(column) for column in triples}) > 1:
        raise GraphError(f"columns of triples have different lengths {[len(c) for c in triples]}")
    for name, column, size in zip(TripleArrays._fields, triples, (nodes, relations, nodes), strict=True):
        if len(column) and (column.min() < 0 or column.max() >= size):
            raise GraphError(f"{name} {int(column.min())}..{int(column.max())} outside 0..{size - 1}")
