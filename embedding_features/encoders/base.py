"""What every encoder is: settings that build a network, and the network."""

from abc import abstractmethod
from typing import ClassVar

import torch
from pydantic import Field
from torch import Tensor, nn

from embedding_features.config import Part
from embedding_features.graph.views import BipartiteView
from embedding_features.graph.weights import WeightUse


class Encoder(Part):
    """Settings of a network.

    Attributes:
        dim: width of its vectors.
        std: standard deviation of the normal distribution that parameters start from.
        weights: what the network makes of the view's weights; None where it reads no edges.
    """

    weights: ClassVar[WeightUse | None] = "ignored"

    dim: int = Field(default=64, ge=1)
    std: float = Field(default=0.1, gt=0)

    @abstractmethod
    def build(self, view: BipartiteView, generator: torch.Generator) -> "BipartiteEncoder":
        """The network with fresh parameters, for the nodes of ``view``."""


class BipartiteEncoder(nn.Module):
    """A network with vectors for both sides of a bipartite view.

    Attributes:
        settings: what it was built from.
        node_types: of sources and destinations.
    """

    settings: Encoder

    def __init__(self, settings: Encoder, node_types: tuple[str, str], src: Tensor, dst: Tensor) -> None:
        """Take ``src`` [sources, dim] and ``dst`` [destinations, dim] as the parameters of layer 0."""
        super().__init__()
        self.settings = settings
        self.node_types = node_types
        self.src = nn.Parameter(src)
        self.dst = nn.Parameter(dst)

    def observe(self, view: BipartiteView) -> None:
        """Let the network see another graph of the same nodes; nothing to see for a lookup."""

    @abstractmethod
    def sides(self) -> tuple[Tensor, Tensor]:
        """[sources, dim] and [destinations, dim], differentiable in the parameters."""

    def forward(self) -> dict[str, Tensor]:
        """Node type → [nodes, dim]; row r is row r of that type's embedding table."""
        return dict(zip(self.node_types, self.sides(), strict=True))


def normal(settings: Encoder, rows: int, generator: torch.Generator) -> Tensor:
    """[rows, dim] float32 drawn from N(0, std²)."""
    return torch.randn(rows, settings.dim, generator=generator) * settings.std
