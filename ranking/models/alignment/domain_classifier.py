"""The adversary of domain-adversarial training."""

import torch
from torch import Tensor, nn
from torch.nn.functional import softplus

from ranking.models.alignment.gradient_reversal import reverse_gradient
from ranking.models.layers import linear, mlp


class DomainClassifier(nn.Module):
    """Learns to tell the domains apart, while what it is given learns that it cannot.

    Ganin et al., Domain-Adversarial Training of Neural Networks, JMLR 17, 2016. The loss is the mean of the
    two domains' mean log losses, so that the smaller domain weighs as much; log 2 when nothing can be told.
    """

    def __init__(self, width: int, hidden: int, generator: torch.Generator) -> None:
        super().__init__()
        self.network = nn.Sequential(mlp([width, hidden], generator), linear(hidden, 1, generator))

    def forward(self, source: Tensor, target: Tensor, strength: float) -> Tensor:
        """[m, width] and [n, width] to the scalar loss, whose gradient below is −``strength`` times."""
        logits = self.network(reverse_gradient(torch.cat([source, target]), strength))[:, 0]
        mistaken = softplus(logits[: len(source)]).mean() + softplus(-logits[len(source) :]).mean()
        return mistaken / 2
