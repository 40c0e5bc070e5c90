"""PTE: several bipartite networks that share the vectors of their nodes, trained together."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Literal

from pydantic import Field

from embedding_features.arrays import F32
from embedding_features.artifact.metric import Metric
from embedding_features.errors import GraphError
from embedding_features.graph.csr import CSR
from embedding_features.graph.view import GraphView
from embedding_features.graph.weights import WeightUse, check_weights
from embedding_features.progress import SILENT, Progress
from embedding_features.solvers.base import Solution, Solver, Start
from embedding_features.solvers.line.kernel import Course, Network, network_of
from embedding_features.solvers.line.run import first_vectors, rows_without_edges, train_in_turn
from embedding_features.solvers.proximity.adjacency import weighted_degrees
from embedding_features.solvers.proximity.factors import unit_rows
from embedding_features.solvers.sgns.pair import Model
from embedding_features.solvers.sgns.sigmoid import sigmoid_table

#: edges of a network before the next one has its turn
_TURN = 1 << 10


@dataclass(frozen=True)
class BipartiteNetwork:
    """Holds edges between two node types in one space of rows.

    Attributes:
        sources: first row of the source type, and the one behind its last.
        targets: the same of the target type, from which negatives are drawn.
        edges: [rows of the source type, rows of the target type]; weights are confidence.
    """

    sources: tuple[int, int]
    targets: tuple[int, int]
    edges: CSR


class PTE(Solver):
    """Trains the vectors of several node types on edges of bipartite networks, drawn by weight in turn.

    Of each network -Σ w_ij log p(v_j | v_i) falls, p the softmax over the target type of the inner products
    of two nodes' vectors, by negative sampling (Tang, Qu & Mei, KDD 2015, eq. 1 to 3 and 8): negatives are of
    the target's type, in proportion to the weight of their edges in that network to the power of 3/4.
    Networks have equally many turns (algorithm 1, joint training). A node has one vector in all networks. A
    network of words with themselves gets contexts as a node type of their own, as in the authors' code.
    Vectors have length 1.

    At one thread the vectors are a function of networks and seed, see :class:`.LINE`.

    Attributes:
        dim: width of the vectors.
        samples_per_node: edges drawn from each network, over the number of all rows.
        negatives: drawn for each edge.
        learning_rate: of the first edges; it falls linearly.
    """

    weights: ClassVar[WeightUse] = "confidence"
    metric: ClassVar[Metric] = "cosine"
    kind: Literal["pte"] = "pte"
    dim: int = Field(default=128, ge=1)
    samples_per_node: int = Field(default=100, ge=1)
    negatives: int = Field(default=5, ge=1)
    learning_rate: float = Field(default=0.025, gt=0)

    def fit(
        self,
        view: GraphView,
        *,
        seed: int = 0,
        progress: Progress = SILENT,
        start: Start | None = None,  # noqa: ARG002
        checkpoint: Path | None = None,  # noqa: ARG002
    ) -> Solution:
        """Compute the vectors of all nodes; every relation that has edges is a network.

        Raises:
            GraphError: when a relation joins a node type with itself.
        """
        networks = []
        for relation in view.relations.values():
            if relation.src == relation.dst:
                raise GraphError(
                    f"relation {relation.name!r} joins {relation.src!r} with itself, and a network of pte is"
                    " between two node types",
                    fix="leave it out of relations, or take line",
                )
            if relation.forward.edges:
                src, dst = view.span(relation.src), view.span(relation.dst)
                ends = (src.start, src.stop), (dst.start, dst.stop)
                networks.append(BipartiteNetwork(*ends, relation.forward))
        vectors = self.solve(networks, seed=seed, progress=progress)
        return Solution({node_type: vectors[view.span(node_type)] for node_type in view.nodes})

    def solve(
        self, networks: Sequence[BipartiteNetwork], *, seed: int = 0, progress: Progress = SILENT
    ) -> F32:
        """Compute the vectors of all rows.

        Args:
            networks: of node types in one space of rows, which ends behind the last of them.
            seed: of first vectors and draws.
            progress: is told of the edges.

        Returns:
            [rows, dim] float32 of length 1; rows without edges are zero.

        Raises:
            ConfigError: when the seed is negative.
            GraphError: when there is no network, or one has no edges, edges of another shape than its spans,
                spans that overlap, or a weight that is negative or no number.

        Example:
            >>> import numpy as np
            >>> edges = CSR.from_edges(np.arange(4), np.arange(4) // 2, (4, 2))
            >>> PTE(dim=8, samples_per_node=10).solve([BipartiteNetwork((0, 4), (4, 6), edges)]).shape
            (6, 8)
        """
        if not networks:
            raise GraphError("there is no network to train on", fix="give at least one")
        tables = [_network(network) for network in networks]
        rows = max(max(network.sources[1], network.targets[1]) for network in networks)
        vectors = first_vectors(rows, self.dim, seed)
        model = Model(vectors, vectors, sigmoid_table())
        samples = self.samples_per_node * rows
        courses = [Course(k, samples, self.learning_rate, self.negatives, False) for k in range(len(tables))]
        with progress.task("pte", samples * len(tables)) as advance:
            train_in_turn(list(zip(tables, courses, strict=True)), model, seed, _TURN, advance)
        vectors[rows_without_edges(tables, rows)] = 0
        return unit_rows(vectors)


def _network(given: BipartiteNetwork) -> Network:
    _check(given)
    check_weights("network", given.edges.weights(), "confidence")
    popularity = weighted_degrees(given.edges.transposed())
    return network_of(given.edges, popularity, given.sources[0], given.targets[0])


def _check(given: BipartiteNetwork) -> None:
    (first, end), (other, other_end) = given.sources, given.targets
    shape = (given.edges.rows, given.edges.columns)
    if min(first, other) < 0 or (end - first, other_end - other) != shape:
        raise GraphError(
            f"edges of shape {shape} do not fit the rows {first}:{end} and {other}:{other_end}",
            fix="give the first row of each type, and the one behind its last",
        )
    if first < other_end and other < end:
        raise GraphError(
            f"the rows {first}:{end} and {other}:{other_end} overlap, and a network is between two types",
            fix="give the nodes rows of their own as contexts, or take LINE",
        )
    if given.edges.edges == 0:
        raise GraphError(f"the network of rows {first}:{end} and {other}:{other_end} has no edges")
