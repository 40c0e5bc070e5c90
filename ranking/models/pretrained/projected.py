"""Pretrained vectors that stay as they are, and pass through a learned projection."""

from typing import Literal

import torch
from torch import Tensor, nn
from typing_extensions import override

from ranking.models.layers import linear
from ranking.models.pretrained.base import Pretrained, VectorArch
from ranking.models.schema import Schema
from ranking.models.tensors import Batch


class Projected(Pretrained):
    """Projects each space by a learned linear map, without a bias, so that a missing vector stays zero."""

    kind: Literal["projected"] = "projected"

    @override
    def build(self, train: Batch, schema: Schema, dim: int, generator: torch.Generator) -> VectorArch:
        return ProjectedVectors(train, schema, dim, generator)


class ProjectedVectors(VectorArch):
    """Gives P v for a vector v, with a P for each space."""

    def __init__(self, train: Batch, schema: Schema, dim: int, generator: torch.Generator) -> None:
        super().__init__(train, schema)
        self.projections = nn.ModuleList(linear(size, dim, generator, bias=False) for size in self.dims)

    @override
    def project(self, vectors: Tensor, space: int) -> Tensor:
        projected: Tensor = self.projections[space](vectors)
        return projected
