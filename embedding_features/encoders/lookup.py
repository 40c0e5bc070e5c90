"""A free vector for each node, as in matrix factorization."""

from typing import ClassVar, Literal

import torch
from torch import Tensor

from embedding_features.encoders.base import BipartiteEncoder, Encoder, TracedSides, normal
from embedding_features.graph.views import BipartiteView
from embedding_features.graph.weights import WeightUse


class Lookup(Encoder):
    """Settings of a :class:`LookupEncoder`."""

    weights: ClassVar[WeightUse | None] = None
    kind: Literal["lookup"] = "lookup"

    def build(self, view: BipartiteView, generator: torch.Generator) -> "LookupEncoder":
        """Build the network with fresh parameters for the nodes of ``view``."""
        src, dst = (normal(self, csr.rows, generator) for csr in (view.forward, view.reverse))
        return LookupEncoder(self, (view.src_type, view.dst_type), src, dst)


class LookupEncoder(BipartiteEncoder):
    """Has the vectors themselves as its parameters."""

    def sides(self) -> tuple[Tensor, Tensor]:
        """Return the parameters."""
        return self.src, self.dst

    def traced(self) -> TracedSides:
        """Return a function that gives the parameters."""
        return lambda _: (self.src, self.dst)
