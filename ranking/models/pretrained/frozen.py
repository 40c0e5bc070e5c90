"""Pretrained vectors of which nothing is learned, and whose dot products are kept."""

from typing import Literal

import torch
from torch import Tensor
from typing_extensions import override

from ranking.models.pretrained.base import Pretrained, VectorArch
from ranking.models.schema import Schema
from ranking.models.tensors import Batch


class Frozen(Pretrained):
    """Keeps pretrained vectors as they are, and learns nothing of them.

    Where their dimension is not the network's, all spaces of that dimension go through one fixed map of
    orthonormal rows or columns, so that dot products between them are kept: into more dimensions exactly,
    into fewer in expectation (Johnson & Lindenstrauss, 1984).
    """

    kind: Literal["frozen"] = "frozen"

    @override
    def build(self, train: Batch, schema: Schema, dim: int, generator: torch.Generator) -> VectorArch:
        return FrozenVectors(train, schema, dim)


class FrozenVectors(VectorArch):
    """Gives v, or Q v with one Q for each dimension, the same in every model."""

    def __init__(self, train: Batch, schema: Schema, dim: int) -> None:
        super().__init__(train, schema)
        for size in set(self.dims):
            self.register_buffer(f"map_{size}", _orthonormal(size, dim))

    @override
    def project(self, vectors: Tensor, space: int) -> Tensor:
        return vectors @ self.get_buffer(f"map_{self.dims[space]}")


def _orthonormal(size: int, dim: int) -> Tensor:
    """Return a matrix [size, dim] of orthonormal rows, or of orthonormal columns times √(size / dim).

    It is the identity where the two are equal.
    """
    if size == dim:
        return torch.eye(size)
    drawn = torch.randn(max(size, dim), min(size, dim), generator=torch.Generator().manual_seed(size))
    q: Tensor = torch.linalg.qr(drawn).Q
    return q * (size / dim) ** 0.5 if size > dim else q.T.contiguous()
