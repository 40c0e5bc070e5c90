"""Scalable inception graph networks (SIGN)."""

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


class SIGN(InductiveEncoder):
    """Settings of a :class:`SIGNNetwork`.

    Attributes:
        hops: neighbours of so many steps are read.
    """

    weights: ClassVar[WeightUse | None] = "confidence"
    kind: Literal["sign"] = "sign"
    hops: int = Field(default=2, ge=0)

    def build(self, view: GraphView, generator: torch.Generator) -> "SIGNNetwork":
        """Build the network with fresh parameters for the nodes of ``view``."""
        return SIGNNetwork(self, view, generator)


class SIGNNetwork(InductiveNetwork):
    """Reads the features of several hops side by side: Z = PReLU([X Θ₀, Â X Θ₁, …, Âʳ X Θ_r]), Y = Z Ω.

    Frasca et al. 2020, eq. 4, with the powers of one Â, that of GCN. It computes Âᵏ (X Θ_k) in place of
    (Âᵏ X) Θ_k: the same, and narrow where features are many. Each hop has its share of the coordinates.
    Where labels are learned, their vectors are Ω, and Z is published.
    """

    settings: SIGN
    omega: nn.Parameter | None

    def __init__(self, settings: SIGN, view: GraphView, generator: torch.Generator) -> None:
        """Draw the weights."""
        super().__init__(settings, view, generator)
        self.first = InputLayer(self.inputs, self.table, settings.dim, generator)
        self.slope = nn.Parameter(torch.full((settings.dim,), 0.25))
        omega = glorot(settings.dim, settings.dim, generator) if settings.labels is None else None
        self.register_parameter("omega", omega)

    @property
    def steps(self) -> int:
        """How far messages go."""
        return self.settings.hops

    def _edges(self, view: GraphView) -> CSR:
        return looped_adjacency(view, self.messages_along)

    def _layers(self, how: Pass) -> Tensor:
        widths = [
            part.shape[0] for part in torch.arange(self.settings.dim).tensor_split(self.settings.hops + 1)
        ]
        rest, parts = self.first(self.starts(), how), []
        for width in widths[:-1]:
            parts.append(rest[:, :width])
            rest = propagated(self.adjacency, rest[:, width:].contiguous(), how)
        z = how.drop(nn.functional.prelu(torch.cat([*parts, rest], dim=1), self.slope))
        return z if self.omega is None else z @ self.omega
