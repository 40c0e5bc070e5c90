"""The logistic loss of pairs and of negatives that their batch shares, weighted by degrees."""

from typing import Any, Literal, cast

import torch
from pydantic import Field
from torch import Tensor
from torch.nn.functional import softplus

from embedding_features.errors import ConfigError
from embedding_features.objectives.base import Objective, Step

#: scores that are held at a time: 1 MiB
_BLOCK = 1 << 18


class WeightedLogistic(Objective):
    """Tells known pairs from negatives, each weighted by the degrees of its nodes (UltraGCN's main loss).

    loss = mean over pairs (u, i) of −(w₁ + w₂ β_ui) ln σ(s_ui)
         + negative_weight · mean over negatives j of −(w₃ + w₄ β_uj) ln σ(−s_uj)
         + l2 / 2 · (|u|² / d_u + |i|² / d_i)

    with s_ui = ⟨u, i⟩ − offset, and β_ui = √(d_u + 1) / (d_u √(d_i + 1)) (Mao et al., CIKM 2021, eqs. 7, 8
    and 10). Divided by the degrees, the penalty is in an epoch the same for every node that has an edge, as
    that of the paper on all parameters.

    Attributes:
        weights: w₁ and w₂ of known pairs.
        negative_weights: w₃ and w₄ of negatives.
        negative_weight: of the mean over negatives.
        offset: subtracted from all scores, which moves no rank. Without one, vectors learn the same low score
            for all pairs first: with ln(negative_weight) both sides weigh alike where all products are 0.
        l2: weight of the penalty.
    """

    kind: Literal["weighted_logistic"] = "weighted_logistic"
    weights: tuple[float, float] = (1e-6, 1.0)
    negative_weights: tuple[float, float] = (1e-6, 1.0)
    negative_weight: float = Field(default=300.0, ge=0)
    offset: float = 0.0
    l2: float = Field(default=0.0, ge=0)

    def loss(self, step: Step) -> Tensor:
        """Return the loss of a batch, a scalar.

        Raises:
            ConfigError: when the negatives are not shared by the batch, or no degrees are there.
        """
        examples, encoded = step.examples, step.encoded
        degrees, left_out = examples.degrees, examples.left_out
        if examples.negatives.ndim != 1 or degrees is None or left_out is None or examples.of is not None:
            raise ConfigError(
                "weighted_logistic needs negatives that the whole batch shares, and degrees",
                fix="take the sampler shared_negatives with degrees: true and one positive",
            )
        sizes = [len(examples.src), len(examples.dst), len(examples.negatives)]
        src, dst, negatives = torch.split(degrees, sizes)
        of_src, of_dst = (src + 1).sqrt() / src, (dst + 1).rsqrt()
        known = (self.weights[0] + self.weights[1] * of_src * of_dst) * softplus(self.offset - step.positive)
        constant, slope = self.negative_weights
        factors = slope * of_src, (negatives + 1).rsqrt()
        unknown = mean_softplus(step.queries, encoded.negatives, left_out, factors, constant, self.offset)
        squares = step.ego.src.square().sum(1) / src + step.ego.dst.square().sum(1) / dst
        return known.mean() + self.negative_weight * unknown + 0.5 * self.l2 * squares.mean()


def mean_softplus(
    queries: Tensor,
    nodes: Tensor,
    left_out: Tensor,
    factors: tuple[Tensor, Tensor],
    constant: float,
    offset: float,
) -> Tensor:
    """Return the mean over queries q and nodes j of (constant + a_q b_j) ln(1 + e^(⟨q, j⟩ − offset)).

    Args:
        queries: [batch, dim] float32.
        nodes: [n, dim] float32.
        left_out: [2, n] rows, ascending, and columns of the pairs that count as 0.
        factors: [batch] a and [n] b.
        constant: added to their products.
        offset: subtracted from the products of vectors.
    """
    return cast(Tensor, _MeanSoftplus.apply(queries, nodes, left_out, *factors, constant, offset))  # type: ignore[no-untyped-call]


class _MeanSoftplus(torch.autograd.Function):
    # By hand: the gradients are made from each block of scores while it is in the cache, and none is kept.

    @staticmethod
    def forward(
        ctx: Any,
        queries: Tensor,
        nodes: Tensor,
        left_out: Tensor,
        a: Tensor,
        b: Tensor,
        constant: float,
        offset: float,
    ) -> Tensor:
        rows, columns = left_out.contiguous()
        total, of_nodes = queries.new_zeros(()), torch.zeros_like(nodes)
        of_queries = torch.empty_like(queries)
        size = max(1, _BLOCK // max(1, len(nodes)))
        for start in range(0, len(queries), size):
            part = queries[start : start + size]
            scores = (part @ nodes.T).sub_(offset)
            borders = torch.tensor([start, start + len(part)], device=rows.device)
            first, last = torch.searchsorted(rows, borders).tolist()
            scores[rows[first:last] - start, columns[first:last]] = float("-inf")
            weights = torch.outer(a[start : start + size], b).add_(constant)
            total += torch.dot(softplus(scores).flatten(), weights.flatten())
            slopes = scores.sigmoid_().mul_(weights)
            of_queries[start : start + size] = slopes @ nodes
            of_nodes.addmm_(slopes.T, part)
        count = len(queries) * len(nodes)
        ctx.save_for_backward(of_queries.div_(count), of_nodes.div_(count))
        return total / count

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, Tensor, None, None, None, None, None]:
        of_queries, of_nodes = ctx.saved_tensors
        return of_queries * gradients[0], of_nodes * gradients[0], None, None, None, None, None
