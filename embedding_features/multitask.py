"""Weights of several losses, learned with them."""

import torch
from torch import Tensor, nn

#: the log variance stays within ±LIMIT, the weight between e^−4 ≈ .02 and e^4 ≈ 55: a loss that can reach 0,
#: as a discrepancy can and a likelihood cannot, would otherwise earn a weight without end
LIMIT = 4.0


class UncertaintyWeights(nn.Module):
    """Σ_i exp(−s_i) L_i + s_i / 2 with s_i = log σ_i² learned, 0 at first.

    Kendall, Gal & Cipolla, Multi-Task Learning Using Uncertainty to Weigh Losses, CVPR 2018, eq. 10: a loss
    that stays large counts as uncertain and weighs less. At rest exp(−s_i) = 1 / (2 L_i).
    """

    def __init__(self, losses: int) -> None:
        super().__init__()
        self.log_variance = nn.Parameter(torch.zeros(losses))

    def forward(self, losses: Tensor) -> Tensor:
        """[losses] to their weighted sum."""
        bounded = self.log_variance.clamp(-LIMIT, LIMIT)
        return torch.sum(torch.exp(-bounded) * losses + bounded / 2)

    def weights(self) -> Tensor:
        """[losses] exp(−s_i)."""
        return torch.exp(-self.log_variance.detach().clamp(-LIMIT, LIMIT))
