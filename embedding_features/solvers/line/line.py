"""LINE: proximity of first and second order, by sampled edges."""

from typing import Literal

import numpy as np
from pydantic import Field

from embedding_features.arrays import F32
from embedding_features.errors import GraphError
from embedding_features.graph.csr import CSR
from embedding_features.progress import SILENT, Advance, Progress
from embedding_features.solvers.line.kernel import Course, Network, network_of
from embedding_features.solvers.line.run import first_vectors, rows_without_edges, train_in_turn
from embedding_features.solvers.proximity.adjacency import merged_adjacency, weighted_degrees
from embedding_features.solvers.proximity.base import ProximitySolver
from embedding_features.solvers.proximity.factors import unit_rows
from embedding_features.solvers.sgns.pair import Model
from embedding_features.solvers.sgns.sigmoid import sigmoid_table

#: edges between two reports of progress
_BATCH = 1 << 18


class LINE(ProximitySolver):
    """Trains vectors on edges drawn by weight, with negative samples.

    First order: an edge's two vectors are to be near, -log σ(u_i · u_j) - Σ log σ(-u_i · u_n). Second order:
    a node's vector is to be near its neighbours' contexts, u' for the second factor (Tang et al., WWW 2015,
    eq. 3, 6 and 7). Both are learned apart and laid side by side (section 4.1.3). Negatives are drawn in
    proportion to the degree, in and out, to the power of 3/4; nodes are no negatives of their own. Vectors of
    each order have length 1.

    The paper has the first order for undirected graphs; edges of a directed one count there without their
    direction. Edges from a node to itself are left out.

    At one thread (``NUMBA_NUM_THREADS=1`` or ``numba.set_num_threads(1)``) the vectors are a function of
    graph and seed. More threads share the rows without locks: the draws stay the same, the vectors differ
    from run to run.

    Attributes:
        dim: width of the vectors; of an odd one the second order has the smaller half.
        order: which proximity: ``"first"``, ``"second"`` or ``"both"``.
        samples_per_node: edges drawn for an order, over the number of nodes: 40 walks of 80 steps.
        negatives: drawn for each edge.
        learning_rate: of the first edge; it falls linearly.
    """

    kind: Literal["line"] = "line"
    dim: int = Field(default=128, ge=1)
    order: Literal["first", "second", "both"] = "both"
    samples_per_node: int = Field(default=3200, ge=1)
    negatives: int = Field(default=5, ge=1)
    learning_rate: float = Field(default=0.025, gt=0)

    def solve(self, adjacency: CSR, *, seed: int = 0, progress: Progress = SILENT) -> F32:
        """Compute the vectors, of directed graphs as well; see :meth:`.ProximitySolver.solve`."""
        network = network_between_all(adjacency)
        orders = [o for o in ("first", "second") if self.order in (o, "both") and self._width(o)]
        with progress.task("line", len(orders) * self.samples_per_node * adjacency.rows) as advance:
            parts = [self._vectors(network, adjacency.rows, order, seed, advance) for order in orders]
        return np.concatenate(parts, axis=1)

    def _width(self, order: str) -> int:
        """Return how many of the vectors' numbers an order has."""
        if self.order != "both":
            return self.dim
        return self.dim - self.dim // 2 if order == "first" else self.dim // 2

    def _vectors(self, network: Network, rows: int, order: str, seed: int, advance: Advance) -> F32:
        """Return the vectors of one order, of length 1, or zero for nodes without edges."""
        number, joint = int(order == "second"), order == "first"
        vectors = first_vectors(rows, self._width(order), seed, number)
        model = Model(vectors, vectors if joint else np.zeros_like(vectors), sigmoid_table())
        course = Course(number, self.samples_per_node * rows, self.learning_rate, self.negatives, joint)
        train_in_turn([(network, course)], model, seed, _BATCH, advance)
        vectors[rows_without_edges([network], rows)] = 0
        return unit_rows(vectors)


def network_between_all(adjacency: CSR) -> Network:
    """Return the network of a square matrix, each pair once, without edges from a node to itself.

    Raises:
        GraphError: see :meth:`.ProximitySolver.solve`; also when every edge leads from a node to itself.
    """
    pairs = merged_adjacency(adjacency, undirected=False)
    kept = pairs.sources() != pairs.indices
    if not pairs.weights()[kept].any():
        raise GraphError("every edge leads from a node to itself", fix="check the relation")
    ends = pairs.sources()[kept], pairs.indices[kept]
    edges = CSR.from_edges(*ends, (pairs.rows, pairs.rows), pairs.weights()[kept])
    return network_of(edges, weighted_degrees(edges) + weighted_degrees(edges.transposed()))
