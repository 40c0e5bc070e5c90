"""Propagation that also sees how a node's neighbours interact (NIA-GCN)."""

from typing import ClassVar, Literal

import torch
from pydantic import Field
from torch import Tensor, nn

from embedding_features.encoders.adjacency_buffers import AdjacencyBuffers
from embedding_features.encoders.base import Encoded, Encoder, Network, gather, normal, of_roles, rows_of
from embedding_features.encoders.rows_product import glorot, rows_product
from embedding_features.graph.csr import CSR
from embedding_features.graph.view import GraphView
from embedding_features.graph.weights import WeightUse
from embedding_features.sampling.base import Examples


class NIA(Encoder):
    """Settings of an :class:`NIANetwork`.

    Attributes:
        orders: how far the neighbourhoods reach that a node's vector is made of.
    """

    weights: ClassVar[WeightUse | None] = "confidence"
    kind: Literal["nia"] = "nia"
    orders: int = Field(default=2, ge=1)

    def build(self, view: GraphView, generator: torch.Generator) -> "NIANetwork":
        """Build the network with fresh parameters for the nodes of ``view``."""
        return NIANetwork(self, view, generator)


class NIANetwork(Network):
    """Sums what each order of neighbours says by itself, pairs included (Sun et al., SIGIR 2020).

    h^(0) = E,  h^(k) = Â h^(k−1),  p^(k) = ½ ((Â h^(k−1))² − Â² (h^(k−1))²),  with squares of entries,
    vector = E + Σ_k tanh(h^(k) W_k + p^(k) P_k)

    p^(k) is the sum of â_vi h_i ⊙ â_vj h_j over all pairs of a node's neighbours (pairwise neighbourhood
    aggregation). The orders run in parallel, each with matrices of its own, because a user's neighbours are
    items in one order and users in the next. They are added up, so that the dot product of two vectors
    compares every order of the one with every order of the other (cross-depth ensemble). Â is the adjacency
    of all relations of the view, with the symmetric norm, and E the parameter ``table`` [nodes, dim]. W_k
    begin as the identity, so that at first neighbours are heard in the table's own space.
    """

    settings: NIA

    def __init__(self, settings: NIA, view: GraphView, generator: torch.Generator) -> None:
        """Draw the parameters, and take the adjacency of ``view``."""
        super().__init__(settings, view)
        self.table = nn.Parameter(normal(settings, view, generator))
        self.of_sums = nn.Parameter(torch.eye(settings.dim).repeat(settings.orders, 1, 1))
        self.of_pairs = nn.Parameter(glorot(settings.orders, settings.dim, generator))
        self.adjacency = AdjacencyBuffers(view.adjacency(norm="symmetric"))
        self._squares: tuple[Tensor, tuple[AdjacencyBuffers]] | None = None

    def row_parameters(self) -> dict[str, nn.Parameter]:
        """Return the table."""
        return {"table": self.table}

    def observe(self, view: GraphView) -> None:
        """Propagate over ``view`` from now on."""
        self.adjacency.set(view.adjacency(norm="symmetric"))

    def vectors(self) -> Tensor:
        """Return the sums of all orders."""
        before: Tensor = self.table
        total = before
        for order in range(self.settings.orders):
            sums = self.adjacency.times(before)
            total = total + self._of_order(order, sums, self._squared().times(before.square()))
            before = sums
        return total

    def encode(self, examples: Examples) -> tuple[Encoded, Encoded]:
        """Return the vectors of a step's examples, and their rows of the table.

        All but the sums that the next order needs is computed for the examples' nodes alone.
        """
        rows, places = torch.unique(rows_of(examples), return_inverse=True)
        before: Tensor = self.table
        total = before.index_select(0, rows)
        for order in range(self.settings.orders):
            squares = rows_product(self._squared(), before.square(), rows)
            if order == self.settings.orders - 1:
                sums = rows_product(self.adjacency, before, rows)
            else:
                before = self.adjacency.times(before)
                sums = before.index_select(0, rows)
            total = total + self._of_order(order, sums, squares)
        return of_roles(total.index_select(0, places), examples), gather(self.table, examples)

    def edges(self) -> tuple[Tensor, ...]:
        """Return the entries of the adjacency that the network sees."""
        return self.adjacency.edges()

    def traced(self, *edges: Tensor) -> Tensor:
        """Return the vectors over other entries."""
        rows, neighbours, weight = edges
        before: Tensor = self.table
        total = before
        for order in range(self.settings.orders):
            received = before[neighbours] * weight[:, None]
            sums = torch.zeros_like(before).index_add(0, rows, received)
            squares = torch.zeros_like(before).index_add(0, rows, received.square())
            total = total + self._of_order(order, sums, squares)
            before = sums
        return total

    def _of_order(self, order: int, sums: Tensor, squares: Tensor) -> Tensor:
        """Return what an order says to some nodes, of their sums of neighbours and of neighbours' squares."""
        pairs = 0.5 * (sums.square() - squares)
        return torch.tanh(sums @ self.of_sums[order] + pairs @ self.of_pairs[order])

    def _squared(self) -> AdjacencyBuffers:
        """Return the adjacency with squared entries; it follows the graph and is not saved with it."""
        weight = self.adjacency.weight
        if self._squares is None or self._squares[0] is not weight:
            arrays = (x.cpu().numpy() for x in (self.adjacency.indptr, self.adjacency.indices))
            indptr, indices = arrays
            matrix = CSR(indptr, indices, len(indptr) - 1, weight.square().cpu().numpy())
            self._squares = weight, (AdjacencyBuffers(matrix),)  # in a tuple: a child would be saved
        return self._squares[1][0]
