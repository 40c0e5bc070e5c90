"""GraphSAGE: samples aside, aggregated neighbours beside the node itself."""

from typing import ClassVar, Literal

import torch
from pydantic import Field
from torch import Tensor, nn
from torch.nn.functional import normalize

from embedding_features.encoders.inductive import InductiveEncoder, InductiveNetwork
from embedding_features.encoders.input_layer import InputLayer, glorot
from embedding_features.encoders.message_edges import propagated
from embedding_features.encoders.passes import Pass
from embedding_features.graph.csr import CSR
from embedding_features.graph.view import GraphView
from embedding_features.graph.weights import WeightUse


class GraphSAGE(InductiveEncoder):
    """Settings of a :class:`GraphSAGENetwork`.

    Attributes:
        aggregator: ``"mean"`` of neighbours, or the greatest of each coordinate after a layer of its own
            (``"pool"``).
        layers: number of layers.
    """

    weights: ClassVar[WeightUse | None] = "confidence"
    kind: Literal["graphsage"] = "graphsage"
    aggregator: Literal["mean", "pool"] = "mean"
    layers: int = Field(default=2, ge=1)

    def build(self, view: GraphView, generator: torch.Generator) -> "GraphSAGENetwork":
        """Build the network with fresh parameters for the nodes of ``view``."""
        return GraphSAGENetwork(self, view, generator)


class GraphSAGENetwork(InductiveNetwork):
    """Joins a node with its aggregated neighbours: h' = ReLU(W [h, aggregate(h_j)]), the last without ReLU.

    Hamilton et al. 2017, algorithm 1, with all neighbours in place of a sample; the aggregators are those of
    section 3.3, and vectors have length 1 in the end.
    """

    settings: GraphSAGE

    def __init__(self, settings: GraphSAGE, view: GraphView, generator: torch.Generator) -> None:
        """Draw the weights."""
        super().__init__(settings, view, generator)
        dim, pool = settings.dim, settings.aggregator == "pool"
        self.first = InputLayer(self.inputs, self.table, 2 * dim, generator)
        self.later = nn.ParameterList(glorot(dim, 2 * dim, generator) for _ in range(settings.layers - 1))
        pooled = range(settings.layers) if pool else ()
        self.pool_bias = nn.ParameterList(nn.Parameter(torch.zeros(dim)) for _ in pooled)
        self.pool = nn.ParameterList(glorot(dim, dim, generator) for _ in pooled)

    @property
    def steps(self) -> int:
        """How far messages go."""
        return self.settings.layers

    def _edges(self, view: GraphView) -> CSR:
        return view.adjacency(self.messages_along)

    def _layers(self, how: Pass) -> Tensor:
        h = self._joined(0, self.first(self.starts(), how), how)
        for layer, weight in enumerate(self.later, 1):
            h = self._joined(layer, how.drop(h.relu()) @ weight, how)
        return normalize(h, dim=1)

    def _joined(self, layer: int, both: Tensor, how: Pass) -> Tensor:
        """Return what a layer makes of [nodes, 2 dim]: the node's own part, and what it sends."""
        own, sent = both.chunk(2, dim=1)
        if not len(self.pool):
            degrees = propagated(self.adjacency, torch.ones_like(sent[:, :1]), how).clamp(min=1)
            return own + propagated(self.adjacency, sent.contiguous(), how) / degrees
        rows, neighbours, _ = how.edges or self.edges()
        heard = (sent + self.pool_bias[layer]).relu()[neighbours]
        places = rows.unsqueeze(1).expand_as(heard)
        greatest = torch.zeros_like(sent).scatter_reduce(0, places, heard, "amax")
        joined: Tensor = own + greatest @ self.pool[layer]
        return joined
