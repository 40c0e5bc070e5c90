"""Alignment of known pairs, and uniformity of each side on the sphere."""

from typing import Any, Literal, cast

import torch
from pydantic import Field
from torch import Tensor
from torch.nn.functional import normalize

from embedding_features.objectives.base import Objective, Step

#: similarities that are held at a time: 4 MiB
_BLOCK = 1 << 20


class AlignmentUniformity(Objective):
    """Asks that the ends of known edges are near each other, and the nodes of each side far apart.

    loss = mean over pairs of |q − t|² + gamma / 2 · (uniformity(queries) + uniformity(targets)),
    uniformity = ln of the mean over two of a batch's vectors of e^{−2|x − y|²}

    of vectors that are made as long as 1 (Wang et al., KDD 2022, eqs. 5 and 6). A node that is twice in a
    batch counts twice. Negatives are not looked at.

    Attributes:
        gamma: γ, of uniformity; a larger one spreads the vectors more.
    """

    kind: Literal["alignment_uniformity"] = "alignment_uniformity"
    gamma: float = Field(default=1.0, ge=0)

    def loss(self, step: Step) -> Tensor:
        """Return the loss of a batch, a scalar."""
        of, queries, targets = (
            step.examples.of,
            *(normalize(x, dim=1) for x in (step.queries, step.encoded.dst)),
        )
        aligned = queries if of is None else queries.index_select(0, of)
        alignment = (aligned - targets).square().sum(1).mean()
        return alignment + 0.5 * self.gamma * (uniformity(queries) + uniformity(targets))


def uniformity(unit: Tensor) -> Tensor:
    """Return ln of the mean of e^{−2|x − y|²} over pairs of different rows x and y; 0 of a single row.

    Args:
        unit: [n, dim] float32, each row as long as 1. The gradient leaves out what would change the lengths.
    """
    return cast(Tensor, _Uniformity.apply(unit))  # type: ignore[no-untyped-call]


class _Uniformity(torch.autograd.Function):
    # By hand: the gradient is made from each block of similarities while it is in the cache, and none is
    # kept. Of rows as long as 1 |x − y|² is 2 − 2⟨x, y⟩.

    @staticmethod
    def forward(ctx: Any, unit: Tensor) -> Tensor:
        total, gradient = unit.new_zeros(()), torch.zeros_like(unit)
        size = max(1, _BLOCK // max(1, len(unit)))
        for start in range(0, len(unit), size):
            block = (unit[start : start + size] @ unit.T).sub_(1).mul_(4).exp_()
            block.diagonal(start).zero_()
            total += block.sum()
            gradient[start : start + size] = block @ unit
        if len(unit) < 2:
            ctx.save_for_backward(gradient)
            return total
        ctx.save_for_backward(gradient * (8 / total))
        mean: Tensor = total / (len(unit) * (len(unit) - 1))
        return mean.log()

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Tensor:
        gradient: Tensor = ctx.saved_tensors[0]
        return gradient * gradients[0]
