"""What a method looks at: one relation as a weighted bipartite matrix, in both directions."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from embedding_features.arrays import F32, F64, I32, I64
from embedding_features.config import Config
from embedding_features.errors import GraphError
from embedding_features.graph.csr import CSR
from embedding_features.graph.hetero_graph import Graph
from embedding_features.jit import jit


@dataclass(frozen=True)
class BipartiteView:
    """A relation as the matrix R [sources, destinations] and its transpose.

    Each pair stands once, indices ascend within a row, ``weight`` is never None, ``time`` is the pair's last.
    ``forward`` and ``reverse`` hold the same entries with the same float32 weights.
    """

    relation: str
    src_type: str
    dst_type: str
    forward: CSR
    reverse: CSR


class Bipartite(Config):
    """One relation, duplicates of a pair merged.

    Attributes:
        relation: name of the relation; None for the graph's only one.
        norm: ``"symmetric"`` divides R_ui by sqrt(d_u d_i), d the summed weights of a row or column
            (LightGCN, He et al. 2020, eq. 3); ``"none"`` leaves the weights.
        use_weights: sum the weights of a pair's edges (an edge without weight counts 1); False gives every
            pair weight 1 however often it occurs.
    """

    relation: str | None = None
    norm: Literal["none", "symmetric"] = "none"
    use_weights: bool = True

    def build(self, graph: Graph) -> BipartiteView:
        """The view of ``graph``.

        Raises:
            GraphError: when the relation is unknown or empty, or its weights are not finite, or negative
                under the symmetric norm.
        """
        relation = graph.relation(self.relation)
        if relation.forward.edges == 0:
            raise GraphError(
                f"relation {relation.name!r} has no edges as of {graph.as_of.isoformat()}",
                fix="choose a later moment, or another relation",
            )
        merged = _merge(relation.forward, self.use_weights)
        weight = merged.weights()
        if not np.isfinite(weight).all():
            raise GraphError(f"relation {relation.name!r} has weights that are NaN or infinite")
        if self.norm == "symmetric":
            if weight.min() < 0:
                raise GraphError(
                    f"relation {relation.name!r} has the negative weight {weight.min()}",
                    fix="filter those edges, or set use_weights: false",
                )
            weight = _symmetric(merged, weight)
        forward = CSR(merged.indptr, merged.indices, merged.columns, weight, merged.time)
        return BipartiteView(relation.name, relation.src, relation.dst, forward, transpose(forward))


def transpose(csr: CSR) -> CSR:
    """The same entries grouped by destination, sources ascending within each row: O(edges)."""
    indptr, order, indices = _transpose(csr.indptr, csr.indices, csr.columns)
    weight = None if csr.weight is None else csr.weight[order]
    return CSR(indptr, indices, csr.rows, weight, None if csr.time is None else csr.time[order])


def _merge(csr: CSR, use_weights: bool) -> CSR:
    starts = _pair_starts(csr.indptr, csr.indices)
    weight = csr.weights() if use_weights else np.ones(csr.edges, np.float32)
    if len(starts) == csr.edges:
        return CSR(csr.indptr, csr.indices, csr.columns, weight, csr.time)
    summed = (
        np.add.reduceat(weight, starts, dtype=np.float64).astype(np.float32)
        if use_weights
        else weight[: len(starts)]
    )
    time = None if csr.time is None else np.maximum.reduceat(csr.time, starts)
    indptr = np.searchsorted(starts, csr.indptr).astype(np.int64)
    return CSR(indptr, csr.indices[starts], csr.columns, summed, time)


def _symmetric(csr: CSR, weight: F32) -> F32:
    rows = np.asarray(np.bincount(csr.sources(), weight, minlength=csr.rows), np.float64)
    columns = np.asarray(np.bincount(csr.indices, weight, minlength=csr.columns), np.float64)
    scaled: F64 = weight * _inverse_sqrt(rows)[csr.sources()] * _inverse_sqrt(columns)[csr.indices]
    return scaled.astype(np.float32)


def _inverse_sqrt(degrees: F64) -> F64:
    with np.errstate(divide="ignore"):
        return np.where(degrees > 0, degrees**-0.5, 0.0)


@jit()
def _pair_starts(indptr: I64, indices: I32) -> I64:
    """Position of the first edge of each distinct pair; relies on destinations ascending within a row."""
    starts = np.empty(len(indices), np.int64)
    pairs = 0
    for row in range(len(indptr) - 1):
        for edge in range(indptr[row], indptr[row + 1]):
            if edge == indptr[row] or indices[edge] != indices[edge - 1]:
                starts[pairs] = edge
                pairs += 1
    return starts[:pairs]


@jit()
def _transpose(indptr: I64, indices: I32, columns: int) -> tuple[I64, I64, I32]:
    """Counting sort by destination: row starts, the edge at each place, and its source."""
    starts = np.zeros(columns + 1, np.int64)
    for index in indices:
        starts[index + 1] += 1
    for column in range(columns):
        starts[column + 1] += starts[column]
    place = starts[:-1].copy()
    order = np.empty(len(indices), np.int64)
    sources = np.empty(len(indices), np.int32)
    for row in range(len(indptr) - 1):
        for edge in range(indptr[row], indptr[row + 1]):
            at = place[indices[edge]]
            order[at] = edge
            sources[at] = row
            place[indices[edge]] = at + 1
    return starts, order, sources
