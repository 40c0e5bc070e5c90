"""Weights of several losses, fixed or learned with them."""

from abc import abstractmethod
from typing import ClassVar, Literal

import torch
from torch import Tensor, nn

from embedding_features.config import METHOD_PLUG_INS, Part

#: the log variance stays within ±LIMIT, the weight between e^−4 ≈ .02 and e^4 ≈ 55: a loss that can reach 0,
#: as a discrepancy can and a likelihood cannot, would otherwise earn a weight without end
LIMIT = 4.0


class UncertaintyWeights(nn.Module):
    """Weighs losses by learned uncertainties: Σ_i exp(−s_i) L_i + s_i / 2 with s_i = log σ_i², 0 at first.

    Kendall, Gal & Cipolla, Multi-Task Learning Using Uncertainty to Weigh Losses, CVPR 2018, eq. 10: a loss
    that stays large counts as uncertain and weighs less. At rest exp(−s_i) = 1 / (2 L_i).

    Args:
        losses: how many there are.
    """

    def __init__(self, losses: int) -> None:
        super().__init__()
        self.log_variance = nn.Parameter(torch.zeros(losses))

    def forward(self, losses: Tensor) -> Tensor:
        """Return the weighted sum of [losses]."""
        bounded = self.log_variance.clamp(-LIMIT, LIMIT)
        return torch.sum(torch.exp(-bounded) * losses + bounded / 2)

    def weights(self) -> Tensor:
        """Return the [losses] weights exp(−s_i), without their gradient."""
        return torch.exp(-self.log_variance.detach().clamp(-LIMIT, LIMIT))


class Weighting(Part):
    """Says how the losses of several tasks become one."""

    plug_ins: ClassVar[str] = METHOD_PLUG_INS

    @abstractmethod
    def build(self, losses: int) -> nn.Module:
        """Build what turns [losses] into a scalar."""


class Sum(Weighting):
    """Adds losses up."""

    kind: Literal["sum"] = "sum"

    def build(self, losses: int) -> nn.Module:  # noqa: ARG002
        """Build the sum, which has no parameters."""
        return Total()


class Uncertainty(Weighting):
    """Weighs losses by learned uncertainties (:class:`UncertaintyWeights`)."""

    kind: Literal["uncertainty"] = "uncertainty"

    def build(self, losses: int) -> nn.Module:
        """Build the weights, all alike at first."""
        return UncertaintyWeights(losses)


class Total(nn.Module):
    """Adds losses up."""

    def forward(self, losses: Tensor) -> Tensor:
        """Return the sum of [losses]."""
        return losses.sum()
