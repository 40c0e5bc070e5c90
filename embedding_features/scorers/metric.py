"""How a query is compared with a target."""

from typing import Any, Literal, cast

import numpy as np
import torch
from torch import Tensor

from embedding_features.scorers.distance_kernels import distance_scores, score_gradients
from embedding_features.scorers.halves import halves

#: the dot product, the cosine (0 where a vector is 0), or minus a distance: Σ_k |q_k − t_k|, the Euclidean
#: length of q − t, or the sum of the moduli of its complex components, Σ_k |q_k − t_k| with q_k, t_k in ℂ. By
#: "l2" targets stand in the same order as by the squared distance that recall indexes know under that name.
ScorerMetric = Literal["dot", "cosine", "l1", "l2", "moduli"]

#: a vector shorter than this counts as 0
_EPS = 1e-12


def paired_scores(query: Tensor, target: Tensor, metric: ScorerMetric) -> Tensor:
    """Return the [...] scores of [..., dim] queries and [..., dim] targets, broadcast against each other.

    Of a query that equals its target the gradient of a distance is 0.
    """
    if metric == "dot":
        return (query * target).sum(-1)
    if metric == "cosine":
        return torch.cosine_similarity(query, target, dim=-1, eps=_EPS)
    difference = query - target
    if metric == "l1":
        return -difference.abs().sum(-1)
    if metric == "l2":
        return -_length(difference, -1)
    return -_length(torch.stack(halves(difference)), 0).sum(-1)


def _length(x: Tensor, dim: int) -> Tensor:
    """Return the Euclidean lengths along a dimension; at 0 their gradient is 0."""
    length: Tensor = torch.linalg.vector_norm(x, dim=dim)
    return length


#: squared distances below it are the rounding of |q|² + |t|² − 2 ⟨q, t⟩, and have no gradient
_NEAREST = 1e-10


def cross_scores(queries: Tensor, targets: Tensor, metric: ScorerMetric) -> Tensor:
    """Return the [b, n] scores of every query [b, dim] and every target [n, dim], as float32.

    They are those of :func:`paired_scores`, from a product of matrices (``"dot"``, ``"l2"``) or a compiled
    loop (``"l1"``, ``"moduli"``), and no [b, n, dim] is held, forward or backward.
    """
    if metric == "cosine":
        queries, targets = (torch.nn.functional.normalize(x, dim=-1, eps=_EPS) for x in (queries, targets))
    if metric in ("dot", "cosine"):
        return queries @ targets.T
    if metric == "l2":
        squares = queries.square().sum(1, keepdim=True) + targets.square().sum(1)
        return -torch.addmm(squares, queries, targets.T, alpha=-2).clamp(min=_NEAREST).sqrt()
    return cast(Tensor, _Distances.apply(queries, targets, metric == "moduli"))  # type: ignore[no-untyped-call]


class _Distances(torch.autograd.Function):
    # By hand, because autograd would hold a difference, its modulus and its gradient for each pair.

    @staticmethod
    def forward(ctx: Any, queries: Tensor, targets: Tensor, moduli: bool) -> Tensor:
        ctx.save_for_backward(queries, targets)
        ctx.moduli = moduli
        left, right = _rows(queries, targets)
        return torch.from_numpy(distance_scores(left, right, moduli))

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, Tensor | None, None]:
        left, right, slope = _rows(*ctx.saved_tensors, gradients[0])
        of_queries = of_targets = None
        if ctx.needs_input_grad[0]:
            of_queries = torch.from_numpy(score_gradients(left, right, slope, ctx.moduli))
        if ctx.needs_input_grad[1]:
            across = np.ascontiguousarray(slope.T)
            of_targets = torch.from_numpy(score_gradients(right, left, across, ctx.moduli))
        return of_queries, of_targets, None


def _rows(*tensors: Tensor) -> list[Any]:
    return [tensor.detach().contiguous().numpy() for tensor in tensors]
