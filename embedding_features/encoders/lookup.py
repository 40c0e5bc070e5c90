"""One free vector a node: matrix factorization."""

from typing import ClassVar, Literal

import torch
from torch import Tensor

from embedding_features.encoders.base import BipartiteEncoder, Encoder, normal
from embedding_features.graph.views import BipartiteView
from embedding_features.graph.weights import WeightUse


class Lookup(Encoder):
    """Settings of a :class:`LookupEncoder`."""

    weights: ClassVar[WeightUse | None] = None
    kind: Literal["lookup"] = "lookup"

    def build(self, view: BipartiteView, generator: torch.Generator) -> "LookupEncoder":
        """See :meth:`Encoder.build`."""
        src, dst = (normal(self, csr.rows, generator) for csr in (view.forward, view.reverse))
        return LookupEncoder(self, (view.src_type, view.dst_type), src, dst)


class LookupEncoder(BipartiteEncoder):
    """The parameters are the vectors."""

    def sides(self) -> tuple[Tensor, Tensor]:
        """See :meth:`BipartiteEncoder.sides`."""
        return self.src, self.dst
