"""Propagation without weights or nonlinearity (LightGCN)."""

from typing import ClassVar, Literal

import torch
from pydantic import Field
from torch import Tensor, nn

from embedding_features.encoders.adjacency_buffers import AdjacencyBuffers
from embedding_features.encoders.base import (
    Encoded,
    Encoder,
    Messages,
    Network,
    gather,
    normal,
    of_roles,
    rows_of,
)
from embedding_features.encoders.propagated_layers import MeanOfLayers, layers_at, mean_of, mean_of_layers
from embedding_features.graph.adjacency import Norm
from embedding_features.graph.view import GraphView
from embedding_features.graph.weights import WeightUse
from embedding_features.sampling.base import Examples


class LightPropagation(Encoder):
    """Settings of a :class:`LightPropagationNetwork`.

    Attributes:
        layers: number of propagation steps. More of them blend in farther neighbours and cost as much each.
        norm: of the adjacency; the paper's is symmetric.
    """

    weights: ClassVar[WeightUse | None] = "confidence"
    kind: Literal["light_propagation"] = "light_propagation"
    layers: int = Field(default=3, ge=1)
    norm: Norm = "symmetric"

    def build(self, view: GraphView, generator: torch.Generator) -> "LightPropagationNetwork":
        """Build the network with fresh parameters for the nodes of ``view``."""
        return LightPropagationNetwork(self, view, normal(self, view, generator))


class LightPropagationNetwork(Network):
    """Propagates e^(k+1) = Â e^(k) and averages e^(0) … e^(layers) (He et al. 2020, eqs. 3 and 4).

    Â is the adjacency of all relations of the view; e^(0) is the parameter ``table`` [nodes, dim]. In an
    exported program the product is a sum over edges, which may be any number there.
    """

    settings: LightPropagation

    def __init__(self, settings: LightPropagation, view: GraphView, table: Tensor) -> None:
        """Take ``table`` as the parameters, and the adjacency of ``view``."""
        super().__init__(settings, view)
        self.table = nn.Parameter(table)
        self.adjacency = AdjacencyBuffers(view.adjacency(norm=settings.norm))

    def row_parameters(self) -> dict[str, nn.Parameter]:
        """Return the table."""
        return {"table": self.table}

    def observe(self, view: GraphView) -> None:
        """Propagate over ``view`` from now on."""
        self.adjacency.set(view.adjacency(norm=self.settings.norm))

    def vectors(self) -> Tensor:
        """Return the propagated vectors."""
        vectors: Tensor = MeanOfLayers.apply(self.table, self.adjacency.times, self.settings.layers)  # type: ignore[no-untyped-call]
        return vectors

    def encode(self, examples: Examples) -> tuple[Encoded, Encoded]:
        """Return the propagated vectors of a step's examples, and their rows of the table.

        The last propagation, and the first of the gradient, cost by the edges of the examples' nodes.
        """
        touched, places = torch.unique(rows_of(examples), return_inverse=True)
        vectors = mean_of(layers_at(self.table, self.adjacency, self.settings.layers, touched))
        return of_roles(vectors.index_select(0, places), examples), gather(self.table, examples)

    def messages(self) -> Messages:
        """Return (e^(0) + … + e^(layers − 1)) / (layers + 1): a new node has no e^(0) of its own."""
        with torch.no_grad():
            vectors = self.table.clone()
            total = vectors.clone()
            for _ in range(self.settings.layers - 1):
                vectors = self.adjacency.times(vectors)
                total += vectors
        return Messages(total / (self.settings.layers + 1), self.settings.norm)

    def edges(self) -> tuple[Tensor, ...]:
        """Return the entries of the adjacency that the network sees."""
        return self.adjacency.edges()

    def traced(self, *edges: Tensor) -> Tensor:
        """Return the propagation over other entries."""
        rows, neighbours, weight = edges

        def step(x: Tensor) -> Tensor:
            return torch.zeros_like(x).index_add(0, rows, x[neighbours] * weight[:, None])

        return mean_of_layers(self.table, step, self.settings.layers)
