"""The mixture of Gaussian kernels that maximum mean discrepancy compares two samples by."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

#: bandwidths as multiples of the median distance
FACTORS = (0.25, 0.5, 1.0, 2.0, 4.0)


@dataclass(frozen=True)
class RBFMixture:
    """k(x, y) = 1/q Σ_σ exp(−|x − y|² / 2σ²): between 0 and 1, and characteristic as each of its parts is.

    Attributes:
        bandwidths: [q] the σ, in the units of the vectors.
    """

    bandwidths: Tensor

    @classmethod
    def median(cls, squared: Tensor, factors: Sequence[float] = FACTORS) -> "RBFMixture":
        """Bandwidths around the median distance (Gretton et al. 2012, section 8).

        The bandwidths are constants of the loss: without a gradient, and in proportion to the vectors, so
        that two samples do not come nearer by shrinking.

        Args:
            squared: squared distances of pairs, of any shape; of an even number, the lower median counts.
            factors: bandwidths as multiples of the median distance.
        """
        smallest = torch.finfo(squared.dtype).tiny ** 0.25
        middle = squared.detach().flatten().median().sqrt().clamp(min=smallest)
        return cls(middle * torch.as_tensor(factors, dtype=squared.dtype, device=squared.device))

    def __call__(self, squared: Tensor) -> Tensor:
        """Squared distances of any shape to kernel values of the same shape."""
        total = torch.zeros_like(squared)
        for rate in (0.5 / self.bandwidths.square()).unbind():
            total = total + torch.exp(-rate * squared)
        return total / len(self.bandwidths)


def squared_distances(x: Tensor, y: Tensor) -> Tensor:
    """[m, d] and [n, d] to [m, n] |x_i − y_j|², at least 0.

    By |x|² + |y|² − 2xy, of vectors moved to a common middle first: far from the origin the three terms
    would be large and their difference lost.
    """
    middle = 0.5 * (x.detach().mean(0) + y.detach().mean(0))
    x, y = x - middle, y - middle
    products = x @ y.T
    return (x.square().sum(1)[:, None] + y.square().sum(1) - 2 * products).clamp(min=0)
