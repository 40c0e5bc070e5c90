"""The layers of a propagation without weights, all nodes' or some rows', with their gradients."""

from collections.abc import Callable, Sequence
from functools import reduce
from operator import add
from typing import Any, cast

import torch
from torch import Tensor

from embedding_features.encoders.adjacency_buffers import AdjacencyBuffers

PropagationStep = Callable[[Tensor], Tensor]

#: adds to the [n, dim] vectors of a layer (its number, from 1) of [n] nodes, in place
Augment = Callable[[int, Tensor, Tensor], None]


def mean_of_layers(vectors: Tensor, step: PropagationStep, layers: int) -> Tensor:
    """Return (e + Âe + … + Â^layers e) / (layers + 1), Âe being a ``step``."""
    total = vectors.clone()
    for _ in range(layers):
        vectors = step(vectors)
        total += vectors
    return total.div_(layers + 1)


class MeanOfLayers(torch.autograd.Function):
    """Differentiates the mean of the layers: Â is its own transpose, so the backward pass is the same."""

    @staticmethod
    def forward(ctx: Any, vectors: Tensor, step: PropagationStep, layers: int) -> Tensor:
        """Return :func:`mean_of_layers`."""
        ctx.step, ctx.layers = step, layers
        return mean_of_layers(vectors, step, layers)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, None, None]:
        """Return the gradient of the vectors."""
        vectors: Tensor = MeanOfLayers.apply(grads[0].contiguous(), ctx.step, ctx.layers)  # type: ignore[no-untyped-call]
        return vectors, None, None


def layers_at(
    table: Tensor,
    adjacency: AdjacencyBuffers,
    layers: int,
    rows: Tensor,
    augment: Augment | None = None,
) -> tuple[Tensor, ...]:
    """Return the rows of e^(0) … e^(layers), e^(k) = Â e^(k−1) + what ``augment`` adds.

    The last propagation, and the first of the gradient, cost by the edges of these rows' nodes.

    Args:
        table: [nodes, dim] e^(0).
        adjacency: Â.
        layers: number of propagation steps, at least 1.
        rows: [n] distinct.
        augment: by layer; a constant to the gradient. None adds nothing.

    Returns:
        [n, dim] of each layer.
    """
    stacked = _LayersAt.apply(table, adjacency, layers, rows, augment)  # type: ignore[no-untyped-call]
    return cast(tuple[Tensor, ...], stacked.unbind())


def mean_of(layers: Sequence[Tensor]) -> Tensor:
    """Return the mean of some layers, added up in their order."""
    return reduce(add, layers) / len(layers)


class _LayersAt(torch.autograd.Function):
    """Differentiates rows of the layers: the gradients g_k of the rows have Σ_k Â^k g_k for the table's."""

    @staticmethod
    def forward(
        ctx: Any,
        vectors: Tensor,
        adjacency: AdjacencyBuffers,
        layers: int,
        rows: Tensor,
        augment: Augment | None,
    ) -> Tensor:
        ctx.save_for_backward(rows)
        ctx.adjacency = adjacency
        nodes = torch.arange(len(vectors), device=vectors.device)
        of_rows = [vectors[rows]]
        for layer in range(1, layers):
            vectors = adjacency.times(vectors)
            if augment is not None:
                augment(layer, vectors, nodes)
            of_rows.append(vectors[rows])
        last = adjacency.rows_times(rows, vectors)
        if augment is not None:
            augment(layers, last, rows)
        return torch.stack([*of_rows, last])

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, None, None, None, None]:
        (rows,) = ctx.saved_tensors
        *lower, last = grads[0].unbind()
        vectors = ctx.adjacency.times_rows(rows, last.contiguous()).index_add_(0, rows, lower.pop())
        for own in reversed(lower):
            vectors = ctx.adjacency.times(vectors).index_add_(0, rows, own)
        return vectors, None, None, None, None
