"""The product of an adjacency matrix at some rows, differentiable in the vectors."""

from typing import Any, cast

import torch
from torch import Tensor

from embedding_features.encoders.adjacency_buffers import AdjacencyBuffers


def rows_product(adjacency: AdjacencyBuffers, x: Tensor, rows: Tensor | None) -> Tensor:
    """Return the product with ``x`` [nodes, d] at distinct ``rows`` [n], at the cost of their entries.

    None stands for all rows. The backward pass costs as much.
    """
    if rows is None:
        return adjacency.times(x)
    return cast(Tensor, _RowsProduct.apply(x, adjacency, rows))  # type: ignore[no-untyped-call]


class _RowsProduct(torch.autograd.Function):
    # The matrix is its own transpose.

    @staticmethod
    def forward(ctx: Any, x: Tensor, adjacency: AdjacencyBuffers, rows: Tensor) -> Tensor:
        ctx.save_for_backward(rows)
        ctx.adjacency = adjacency
        return adjacency.rows_times(rows, x)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None, None]:
        (rows,) = ctx.saved_tensors
        return ctx.adjacency.times_rows(rows, gradients[0].contiguous()), None, None


def glorot(layers: int, dim: int, generator: torch.Generator) -> Tensor:
    """Draw [layers, dim, dim] matrices that keep the variance of vectors (Glorot & Bengio, AISTATS 2010)."""
    bound = (3 / dim) ** 0.5
    return torch.empty(layers, dim, dim).uniform_(-bound, bound, generator=generator)
