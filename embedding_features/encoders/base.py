"""The interface of encoders: settings that build a network, and the network."""

from abc import abstractmethod
from collections.abc import Callable
from typing import ClassVar

import torch
from pydantic import Field
from torch import Tensor, nn

from embedding_features.config import Part
from embedding_features.errors import ConfigError
from embedding_features.graph.views import BipartiteView
from embedding_features.graph.weights import WeightUse

#: edges → vectors of both sides; see :meth:`BipartiteEncoder.traced`
TracedSides = Callable[[tuple[Tensor, ...]], tuple[Tensor, Tensor]]


class Encoder(Part):
    """Settings of a network.

    Attributes:
        dim: width of its vectors.
        std: standard deviation of the normal distribution that parameters start from.
        weights: how the network uses the view's weights; None where it reads no edges.
    """

    weights: ClassVar[WeightUse | None] = "ignored"

    dim: int = Field(default=64, ge=1)
    std: float = Field(default=0.1, gt=0)

    @abstractmethod
    def build(self, view: BipartiteView, generator: torch.Generator) -> "BipartiteEncoder":
        """Build the network with fresh parameters for the nodes of ``view``, drawn from ``generator``."""


class BipartiteEncoder(nn.Module):
    """A network with vectors for both sides of a bipartite view.

    Attributes:
        settings: the settings that it was built from.
        node_types: names of the sources' and the destinations' node type.
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
        """Let the network see another graph of the same nodes; one that reads no edges ignores it."""

    @abstractmethod
    def sides(self) -> tuple[Tensor, Tensor]:
        """Return [sources, dim] and [destinations, dim] vectors, differentiable in the parameters."""

    def messages(self) -> tuple[Tensor, Tensor] | None:
        """Return what each source, and each destination, gives to the vector of a node that is new to it.

        The vector of a new node is the sum of its neighbours' messages, weighted by its edges (GraphSAGE,
        Hamilton et al., NeurIPS 2017, section 3.1, calls such an encoder inductive).

        Returns:
            [sources, dim] and [destinations, dim]; None where the network has no vector for a new node.
        """
        return None

    def traced(self) -> TracedSides:
        """Return :meth:`sides` as a function of edges, in operations of torch alone, for ``torch.export``.

        The function takes [e] source rows, [e] destination rows and [e] weights, which it propagates over;
        nothing of them for a network that reads no edges.

        Raises:
            ConfigError: when this kind of network has no such form.
        """
        raise ConfigError(
            f"an encoder of kind {self.settings.kind!r} has no form for export",
            fix="use one that has, for example lookup or light_propagation",
        )

    def forward(self) -> dict[str, Tensor]:
        """Return node type → [nodes, dim] vectors; row r is row r of that type's embedding table."""
        return dict(zip(self.node_types, self.sides(), strict=True))


def normal(settings: Encoder, rows: int, generator: torch.Generator) -> Tensor:
    """Draw [rows, dim] float32 from N(0, std²)."""
    return torch.randn(rows, settings.dim, generator=generator) * settings.std
