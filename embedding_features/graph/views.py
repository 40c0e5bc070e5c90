"""Views of a graph that methods are fitted on: one relation as a weighted bipartite matrix."""

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from embedding_features.arrays import F32, F64
from embedding_features.config import Config
from embedding_features.errors import GraphError
from embedding_features.graph.csr import CSR
from embedding_features.graph.graph import Graph
from embedding_features.graph.weights import check_ignored


@dataclass(frozen=True)
class BipartiteView:
    """Holds a relation as the matrix R [sources, destinations] and its transpose.

    Each pair stands once, indices ascend within a row, ``weight`` is never None, ``time`` is the pair's last.
    ``forward`` and ``reverse`` hold the same entries with the same float32 weights.
    """

    relation: str
    src_type: str
    dst_type: str
    forward: CSR
    reverse: CSR


class Bipartite(Config):
    """Views one relation as a matrix in which the edges of a pair are merged.

    Attributes:
        relation: name of the relation; None for the graph's only one.
        norm: ``"symmetric"`` divides R_ui by sqrt(d_u d_i), d the summed weights of a row or column
            (LightGCN, He et al. 2020, eq. 3); ``"none"`` leaves the weights.
        use_weights: sum the weights of a pair's edges (an edge without weight counts 1); False gives every
            pair weight 1 however often it occurs, and refuses a relation that has weights not above 0, which
            would count as likes.
    """

    relation: str | None = None
    norm: Literal["none", "symmetric"] = "none"
    use_weights: bool = True

    def build(self, graph: Graph) -> BipartiteView:
        """Return the view of ``graph``.

        Raises:
            GraphError: when the relation is unknown or empty, or its weights are not finite, or negative
                under the symmetric norm, or not above 0 where they are not used.
        """
        relation = graph.relation(self.relation)
        if relation.forward.edges == 0:
            raise GraphError(
                f"relation {relation.name!r} has no edges as of {graph.as_of.isoformat()}",
                fix="choose a later moment, or another relation",
            )
        if not self.use_weights:
            check_ignored(relation.name, relation.forward)
        unweighted = replace(relation.forward, weight=None)
        merged = self._merged(relation.forward) if self.use_weights else unweighted.merged("last")
        weight = merged.weights()
        if not np.isfinite(weight).all():
            raise GraphError(f"relation {relation.name!r} has weights that are NaN or infinite")
        if self.norm == "symmetric":
            if weight.min() < 0:
                raise GraphError(
                    f"relation {relation.name!r} has the negative weight {weight.min()}",
                    fix="put those edges into a relation of their own",
                )
            weight = _symmetric(merged, weight)
        forward = CSR(merged.indptr, merged.indices, merged.columns, weight, merged.time)
        return BipartiteView(relation.name, relation.src, relation.dst, forward, forward.transposed())

    def _merged(self, edges: CSR) -> CSR:
        """Return the matrix with each pair once."""
        return edges.merged("sum")


def _symmetric(csr: CSR, weight: F32) -> F32:
    rows = np.asarray(np.bincount(csr.sources(), weight, minlength=csr.rows), np.float64)
    columns = np.asarray(np.bincount(csr.indices, weight, minlength=csr.columns), np.float64)
    scaled: F64 = weight * _inverse_sqrt(rows)[csr.sources()] * _inverse_sqrt(columns)[csr.indices]
    return scaled.astype(np.float32)


def _inverse_sqrt(degrees: F64) -> F64:
    with np.errstate(divide="ignore"):
        return np.where(degrees > 0, degrees**-0.5, 0.0)
