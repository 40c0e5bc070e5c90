"""The mixture of Gaussian kernels by which maximum mean discrepancy compares two samples."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from embedding_features.errors import DataError


def check_samples(x: Tensor, y: Tensor, least: int) -> None:
    """Check that two samples can be compared.

    Raises:
        DataError: unless x is [m, d], y [n, d], and both have ``least`` rows.
    """
    if x.ndim != 2 or y.ndim != 2 or x.shape[1] != y.shape[1]:
        raise DataError(
            f"samples of shapes {tuple(x.shape)} and {tuple(y.shape)} do not compare",
            fix="give two [rows, dim] tensors of one dim",
        )
    if min(len(x), len(y)) < least:
        raise DataError(
            f"samples of {len(x)} and {len(y)} rows, of which both need {least}",
            fix="use larger batches, or leave the term out where a domain has no rows",
        )


#: bandwidths as multiples of the median distance
FACTORS = (0.25, 0.5, 1.0, 2.0, 4.0)


@dataclass(frozen=True)
class RBFMixture:
    """Computes the kernel k(x, y) = 1/q Σ_σ exp(−|x − y|² / 2σ²), between 0 and 1.

    It is characteristic, as each of its terms is: no two distributions are alike to it.

    Attributes:
        bandwidths: [q] the σ, in the units of the vectors.
    """

    bandwidths: Tensor

    @classmethod
    def median(cls, squared: Tensor, factors: Sequence[float] = FACTORS) -> "RBFMixture":
        """Choose bandwidths around the median distance (Gretton et al. 2012, section 8).

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
        """Return the kernel values of squared distances, in their shape."""
        values: Tensor = _Mixture.apply(squared, self.bandwidths)  # type: ignore[no-untyped-call]
        return values


class _Mixture(torch.autograd.Function):
    # By hand the derivative is one array that forward leaves behind, not q that backward goes through.

    @staticmethod
    def forward(ctx: Any, squared: Tensor, bandwidths: Tensor) -> Tensor:
        values, slope = torch.zeros_like(squared), torch.zeros_like(squared)
        part = torch.empty_like(squared)
        for rate in (0.5 / bandwidths.square()).tolist():
            torch.mul(squared, -rate, out=part).exp_()
            values += part
            slope.add_(part, alpha=-rate)
        ctx.save_for_backward(slope.div_(len(bandwidths)))
        return values.div_(len(bandwidths))

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        (slope,) = ctx.saved_tensors
        return gradients[0] * slope, None


def squared_distances(x: Tensor, y: Tensor) -> Tensor:
    """Return [m, n] |x_i − y_j|² = |x_i|² + |y_j|² − 2 x_i·y_j of x [m, d] and y [n, d], at least 0.

    The difference is lost where vectors are long and near each other: move them to a common middle first.
    """
    return (x.square().sum(1)[:, None] + y.square().sum(1) - 2 * (x @ y.T)).clamp(min=0)
