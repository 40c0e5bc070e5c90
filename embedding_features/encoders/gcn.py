"""Graph convolutions (GCN)."""

from typing import ClassVar, Literal

import torch
from pydantic import Field
from torch import Tensor, nn

from embedding_features.encoders.inductive import InductiveEncoder, InductiveNetwork
from embedding_features.encoders.input_layer import InputLayer, glorot
from embedding_features.encoders.message_edges import looped_adjacency, propagated
from embedding_features.encoders.passes import Pass
from embedding_features.graph.csr import CSR
from embedding_features.graph.view import GraphView
from embedding_features.graph.weights import WeightUse


class GCN(InductiveEncoder):
    """Settings of a :class:`GCNNetwork`.

    Attributes:
        layers: number of convolutions.
    """

    weights: ClassVar[WeightUse | None] = "confidence"
    kind: Literal["gcn"] = "gcn"
    layers: int = Field(default=2, ge=1)

    def build(self, view: GraphView, generator: torch.Generator) -> "GCNNetwork":
        """Build the network with fresh parameters for the nodes of ``view``."""
        return GCNNetwork(self, view, generator)


class GCNNetwork(InductiveNetwork):
    """Convolves H^(l+1) = ReLU(Â H^(l) W^(l)), the last layer without ReLU (Kipf & Welling 2017, eq. 2).

    Â is the symmetrically normalized adjacency of all relations with a loop at each node; H^(0) are the
    features. Where labels are learned, their vectors are the last layer's weights: ⟨node, label⟩ is the
    paper's network, and the vectors of nodes are what it multiplies by them.
    """

    settings: GCN

    def __init__(self, settings: GCN, view: GraphView, generator: torch.Generator) -> None:
        """Draw the weights."""
        super().__init__(settings, view, generator)
        self.first = InputLayer(self.inputs, self.table, settings.dim, generator)
        count = settings.layers - 1 - (settings.labels is not None)
        self.later = nn.ParameterList(glorot(settings.dim, settings.dim, generator) for _ in range(count))

    @property
    def steps(self) -> int:
        """How far messages go."""
        return self.settings.layers

    def _edges(self, view: GraphView) -> CSR:
        return looped_adjacency(view, self.messages_along)

    def _layers(self, how: Pass) -> Tensor:
        h = propagated(self.adjacency, self.first(self.starts(), how), how)
        for layer in range(1, self.settings.layers):
            h = how.drop(h.relu())
            h = h @ self.later[layer - 1] if layer <= len(self.later) else h
            h = propagated(self.adjacency, h, how)
        return h
