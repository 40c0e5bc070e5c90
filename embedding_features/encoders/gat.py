"""Graph attention (GAT)."""

from typing import ClassVar, Literal

import torch
from pydantic import Field
from torch import Tensor, nn
from torch.nn.functional import elu, leaky_relu, one_hot

from embedding_features.encoders.inductive import InductiveEncoder, InductiveNetwork
from embedding_features.encoders.input_layer import InputLayer, glorot
from embedding_features.encoders.message_edges import looped_adjacency
from embedding_features.encoders.passes import Pass
from embedding_features.graph.csr import CSR
from embedding_features.graph.view import GraphView
from embedding_features.graph.weights import WeightUse


class GAT(InductiveEncoder):
    """Settings of a :class:`GATNetwork`.

    Attributes:
        heads: of all layers but the last, which has one; each has its share of the ``dim`` coordinates.
        layers: number of layers.
    """

    weights: ClassVar[WeightUse | None] = "ignored"
    kind: Literal["gat"] = "gat"
    heads: int = Field(default=8, ge=1)
    layers: int = Field(default=2, ge=1)

    def build(self, view: GraphView, generator: torch.Generator) -> "GATNetwork":
        """Build the network with fresh parameters for the nodes of ``view``."""
        return GATNetwork(self, view, generator)


class GATNetwork(InductiveNetwork):
    """Attends to neighbours and to the node itself (Veličković et al. 2018, eqs. 3 and 5).

    h'_i = ELU(Σ_j α_ij W h_j), α_ij = softmax_j LeakyReLU(a₁ᵀ W h_i + a₂ᵀ W h_j), each head by its own α; the
    last layer without ELU. As the training says, some α are left out. Where labels are learned, their vectors
    are the last layer's weights, as in :class:`.GCNNetwork`.
    """

    settings: GAT

    def __init__(self, settings: GAT, view: GraphView, generator: torch.Generator) -> None:
        """Draw the weights."""
        super().__init__(settings, view, generator)
        dim = settings.dim
        self.first = InputLayer(self.inputs, self.table, dim, generator)
        count = settings.layers - 1 - (settings.labels is not None)
        self.later = nn.ParameterList(glorot(dim, dim, generator) for _ in range(count))
        self.attention = nn.ParameterList(glorot(2, dim, generator) for _ in range(settings.layers))

    @property
    def steps(self) -> int:
        """How far messages go."""
        return self.settings.layers

    def _edges(self, view: GraphView) -> CSR:
        return looped_adjacency(view, self.messages_along, norm="none")

    def _layers(self, how: Pass) -> Tensor:
        rows, neighbours, _ = how.edges or self.edges()
        h: Tensor = self.first(self.starts(), how)
        last = self.settings.layers - 1
        for layer, attention in enumerate(self.attention):
            if 0 < layer <= len(self.later):
                h = h @ how.decayed(self.later[layer - 1])
            heads = 1 if layer == last else self.settings.heads
            h = attended(h, attention, heads, rows, neighbours, how)
            h = h if layer == last else how.drop(elu(h))
        return h


def attended(h: Tensor, attention: Tensor, heads: int, rows: Tensor, neighbours: Tensor, how: Pass) -> Tensor:
    """Return [nodes, d] the sums of neighbours' vectors, weighted by attention.

    Args:
        h: [nodes, d] vectors.
        attention: [2, d] a₁ and a₂ of all heads, one after the other.
        heads: how many; of d coordinates, coordinate c is of head ⌊c heads / d⌋.
        rows: [e] who attends.
        neighbours: [e] to whom.
        how: the pass.
    """
    head_of = torch.arange(h.shape[1], device=h.device) * heads // h.shape[1]
    by_head = one_hot(head_of, heads).to(h.dtype)
    own, other = ((h * part) @ by_head for part in attention)
    scores = leaky_relu(own[rows] + other[neighbours], 0.2)
    nodes, places = len(h), rows.unsqueeze(1).expand_as(scores)
    top = scores.new_zeros(nodes, heads).scatter_reduce(
        0, places, scores.detach(), "amax", include_self=False
    )
    powers = (scores - top[rows]).exp()
    sums = powers.new_zeros(nodes, heads).index_add(0, rows, powers)
    shares = how.drop(powers / sums[rows])
    return torch.zeros_like(h).index_add(0, rows, shares[:, head_of] * h[neighbours])
