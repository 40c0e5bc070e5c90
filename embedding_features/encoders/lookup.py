"""A free vector for each node, as in matrix factorization."""

from typing import ClassVar, Literal

import torch
from torch import Tensor, nn

from embedding_features.encoders.base import Encoder, Network, normal
from embedding_features.graph.view import GraphView
from embedding_features.graph.weights import WeightUse


class Lookup(Encoder):
    """Settings of a :class:`LookupNetwork`."""

    weights: ClassVar[WeightUse | None] = None
    kind: Literal["lookup"] = "lookup"

    def build(self, view: GraphView, generator: torch.Generator) -> "LookupNetwork":
        """Build the network with fresh parameters for the nodes of ``view``."""
        return LookupNetwork(self, view, normal(self, view, generator))


class LookupNetwork(Network):
    """Has the vectors themselves as its parameters ``table`` [nodes, dim]."""

    def __init__(self, settings: Lookup, view: GraphView, table: Tensor) -> None:
        """Take ``table`` as the parameters."""
        super().__init__(settings, view)
        self.table = nn.Parameter(table)

    def row_parameters(self) -> dict[str, nn.Parameter]:
        """Return the table."""
        return {"table": self.table}

    def vectors(self) -> Tensor:
        """Return the parameters."""
        return self.table
