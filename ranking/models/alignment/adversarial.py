"""Domain-adversarial training: a classifier of domains behind a reversed gradient."""

from typing import Any, Literal

import torch
from pydantic import Field
from torch import Tensor, nn
from torch.nn.functional import softplus
from typing_extensions import override

from ranking.models.alignment.base import DomainAlignment
from ranking.models.alignment.term import Discrepancy
from ranking.models.layers import linear, mlp


class Adversarial(DomainAlignment):
    """Aligns domains by a classifier of domains whose gradient is reversed.

    The classifier learns to distinguish the domains, and the representation learns to hide them. Ganin et
    al., Domain-Adversarial Training of Neural Networks, JMLR 2016.

    Attributes:
        hidden: width of the classifier's hidden layer.
    """

    kind: Literal["adversarial"] = "adversarial"
    hidden: int = Field(default=32, ge=1)

    @override
    def discrepancy(self, width: int, generator: torch.Generator) -> Discrepancy:
        return DomainClassifier(width, self.hidden, generator)


class _GradientReversal(torch.autograd.Function):
    """Passes values on, and their gradient times −strength back."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, strength: float) -> Tensor:
        ctx.strength = strength
        return x.view_as(x)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        return -ctx.strength * gradients[0], None


def reverse_gradient(x: Tensor, strength: float) -> Tensor:
    """Return ``x``, whose gradient becomes that of the result times −``strength``.

    Ganin et al., Domain-Adversarial Training of Neural Networks, JMLR 17, 2016, section 4.2, eq. 16–17.
    """
    same: Tensor = _GradientReversal.apply(x, strength)  # type: ignore[no-untyped-call]
    return same


class DomainClassifier(nn.Module):
    """Learns to distinguish the domains, while through a reversed gradient the representation hides them.

    Ganin et al., Domain-Adversarial Training of Neural Networks, JMLR 17, 2016. The loss is the mean of the
    two domains' mean log losses, so that the smaller domain weighs as much; it is log 2 where the domains
    cannot be distinguished.

    Args:
        width: columns of the representation.
        hidden: width of the hidden layer.
        generator: draws all weights.
    """

    def __init__(self, width: int, hidden: int, generator: torch.Generator) -> None:
        super().__init__()
        self.network = nn.Sequential(mlp([width, hidden], generator), linear(hidden, 1, generator))

    def forward(self, source: Tensor, target: Tensor, strength: float) -> Tensor:
        """Return the scalar loss.

        Args:
            source: [m, width] rows of the source domain.
            target: [n, width] rows of the target domain.
            strength: the gradient of the two is that of the loss times −``strength``.
        """
        logits = self.network(reverse_gradient(torch.cat([source, target]), strength))[:, 0]
        source_loss = softplus(logits[: len(source)]).mean()
        target_loss = softplus(-logits[len(source) :]).mean()
        return (source_loss + target_loss) / 2
