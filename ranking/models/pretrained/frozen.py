"""Pretrained vectors that stay as they are, and whose products stay too."""

from typing import Literal

import torch
from torch import Tensor

from ranking.models.pretrained.base import Pretrained, VectorArch
from ranking.models.schema import Schema
from ranking.models.tensors import Batch


class Frozen(Pretrained):
    """Nothing of a vector is learned. Where its dimension is not the network's, all spaces of that dimension
    go through one fixed map of orthonormal rows or columns, so that dot products between them are kept: into
    more dimensions exactly, into fewer in expectation (Johnson & Lindenstrauss, 1984).
    """

    kind: Literal["frozen"] = "frozen"

    def build(self, train: Batch, schema: Schema, dim: int, generator: torch.Generator) -> VectorArch:  # noqa: ARG002
        return FrozenVectors(train, schema, dim)


class FrozenVectors(VectorArch):
    """v, or Q v with Q the same of one dimension in every model."""

    def __init__(self, train: Batch, schema: Schema, dim: int) -> None:
        super().__init__(train, schema)
        for size in set(self.dims):
            self.register_buffer(f"map_{size}", _orthonormal(size, dim))

    def project(self, vectors: Tensor, space: int) -> Tensor:
        return vectors @ self.get_buffer(f"map_{self.dims[space]}")


def _orthonormal(size: int, dim: int) -> Tensor:
    """[size, dim] of orthonormal columns times √(size / dim), or of orthonormal rows; one if equal."""
    if size == dim:
        return torch.eye(size)
    drawn = torch.randn(max(size, dim), min(size, dim), generator=torch.Generator().manual_seed(size))
    q: Tensor = torch.linalg.qr(drawn).Q
    return q * (size / dim) ** 0.5 if size > dim else q.T.contiguous()
