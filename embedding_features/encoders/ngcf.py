"""Propagation of messages that know both ends of an edge (NGCF)."""

from typing import ClassVar, Literal

import torch
from pydantic import Field
from torch import Tensor, nn
from torch.nn.functional import dropout, leaky_relu

from embedding_features.encoders.adjacency_buffers import AdjacencyBuffers
from embedding_features.encoders.base import Encoded, Encoder, Network, gather, normal, of_roles, rows_of
from embedding_features.encoders.rows_product import glorot, rows_product
from embedding_features.graph.view import GraphView
from embedding_features.graph.weights import WeightUse
from embedding_features.sampling.base import Examples

#: of the leaky rectifier below 0
_SLOPE = 0.2


class NGCF(Encoder):
    """Settings of an :class:`NGCFNetwork`.

    Attributes:
        layers: number of propagation steps.
        dropout: chance of each entry of a layer's output to be left out of a training step.
    """

    weights: ClassVar[WeightUse | None] = "confidence"
    kind: Literal["ngcf"] = "ngcf"
    layers: int = Field(default=2, ge=1)
    dropout: float = Field(default=0.0, ge=0, lt=1)

    def build(self, view: GraphView, generator: torch.Generator) -> "NGCFNetwork":
        """Build the network with fresh parameters for the nodes of ``view``."""
        return NGCFNetwork(self, view, generator)


class NGCFNetwork(Network):
    """Sums e^(0) … e^(layers), with messages of both ends of an edge (Wang et al., SIGIR 2019, eqs. 3 to 7).

    E^(k+1) = LeakyReLU((Â + I) E^(k) W₁ + (Â E^(k) ⊙ E^(k)) W₂)

    Â is the adjacency of all relations of the view, with the symmetric norm, and E^(0) the parameter
    ``table`` [nodes, dim]. The paper puts the layers beside each other (eq. 9), which makes vectors as many
    times longer; here they add up, so that ``dim`` is the width of what is published. W₁ begins as the
    identity, so that at first neighbours are heard in the table's own space.
    """

    settings: NGCF

    def __init__(self, settings: NGCF, view: GraphView, generator: torch.Generator) -> None:
        """Draw the parameters, and take the adjacency of ``view``."""
        super().__init__(settings, view)
        self.table = nn.Parameter(normal(settings, view, generator))
        self.of_sums = nn.Parameter(torch.eye(settings.dim).repeat(settings.layers, 1, 1))
        self.of_products = nn.Parameter(glorot(settings.layers, settings.dim, generator))
        self.adjacency = AdjacencyBuffers(view.adjacency(norm="symmetric"))

    def row_parameters(self) -> dict[str, nn.Parameter]:
        """Return the table."""
        return {"table": self.table}

    def observe(self, view: GraphView) -> None:
        """Propagate over ``view`` from now on."""
        self.adjacency.set(view.adjacency(norm="symmetric"))

    def vectors(self) -> Tensor:
        """Return the sums of all layers, without dropout."""
        vectors: Tensor = self.table
        total = vectors
        for layer in range(self.settings.layers):
            vectors = self._activate(layer, self.adjacency.times(vectors), vectors)
            total = total + vectors
        return total

    def encode(self, examples: Examples) -> tuple[Encoded, Encoded]:
        """Return the vectors of a step's examples, with dropout, and their rows of the table.

        The last layer is computed for the examples' nodes alone.
        """
        rows, places = torch.unique(rows_of(examples), return_inverse=True)
        vectors: Tensor = self.table
        total = vectors.index_select(0, rows)
        for layer in range(self.settings.layers - 1):
            vectors = self._dropped(layer, self.adjacency.times(vectors), vectors)
            total = total + vectors.index_select(0, rows)
        own = vectors.index_select(0, rows)
        last = self._dropped(self.settings.layers - 1, rows_product(self.adjacency, vectors, rows), own)
        return of_roles((total + last).index_select(0, places), examples), gather(self.table, examples)

    def edges(self) -> tuple[Tensor, ...]:
        """Return the entries of the adjacency that the network sees."""
        return self.adjacency.edges()

    def traced(self, *edges: Tensor) -> Tensor:
        """Return the vectors over other entries."""
        rows, neighbours, weight = edges
        vectors: Tensor = self.table
        total = vectors
        for layer in range(self.settings.layers):
            received = torch.zeros_like(vectors).index_add(0, rows, vectors[neighbours] * weight[:, None])
            vectors = self._activate(layer, received, vectors)
            total = total + vectors
        return total

    def _activate(self, layer: int, received: Tensor, own: Tensor) -> Tensor:
        """Return the output of a layer at some nodes, of what they received and what they were."""
        sums = (received + own) @ self.of_sums[layer] + (received * own) @ self.of_products[layer]
        return leaky_relu(sums, _SLOPE)

    def _dropped(self, layer: int, received: Tensor, own: Tensor) -> Tensor:
        return dropout(self._activate(layer, received, own), self.settings.dropout)
