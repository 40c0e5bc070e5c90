"""Squared maximum mean discrepancy: how far the mean embeddings of two samples in a kernel's space are apart.

Gretton, Borgwardt, Rasch, Schölkopf & Smola, A Kernel Two-Sample Test, JMLR 13, 2012. Samples are x [m, d]
and y [n, d]. The kernel is a mixture of RBF kernels, given or around the median distance in the pooled sample
(of some 256 of its rows).
"""

from collections.abc import Sequence

import torch
from torch import Tensor

from embedding_features.discrepancy.kernels import FACTORS, RBFMixture, check_samples, squared_distances

#: rows whose distances the median is taken of: more do not move it, and a median costs more than a kernel
_MEDIAN_ROWS = 256

#: a kernel, or its bandwidths as multiples of the median distance
Kernel = RBFMixture | Sequence[float]


def mmd2_biased(x: Tensor, y: Tensor, kernel: Kernel = FACTORS) -> Tensor:
    """Return MMD_b², eq. 5: the mean of k over all pairs, also of a row with itself.

    It is never negative, and takes O((m + n)² d).

    1/m² Σ_ij k(x_i, x_j) + 1/n² Σ_ij k(y_i, y_j) − 2/(m n) Σ_ij k(x_i, y_j).

    Raises:
        DataError: when a sample is empty or the dimensions differ.
    """
    within_x, within_y, across = _kernels(x, y, kernel, least=1)
    return within_x.mean() + within_y.mean() - 2 * across.mean()


def mmd2_unbiased(x: Tensor, y: Tensor, kernel: Kernel = FACTORS) -> Tensor:
    """Return MMD_u², eq. 3: the mean of k over pairs of different rows.

    Its expectation is MMD², so that for samples of one distribution it is below 0 as often as above. It takes
    O((m + n)² d).

    1/(m (m − 1)) Σ_i≠j k(x_i, x_j) + 1/(n (n − 1)) Σ_i≠j k(y_i, y_j) − 2/(m n) Σ_ij k(x_i, y_j).

    Unbiased for a kernel chosen beforehand; the median heuristic looks at the sample.

    Raises:
        DataError: when a sample has fewer than two rows or the dimensions differ.
    """
    within_x, within_y, across = _kernels(x, y, kernel, least=2)
    return _off_diagonal_mean(within_x) + _off_diagonal_mean(within_y) - 2 * across.mean()


def mmd2_linear(x: Tensor, y: Tensor, kernel: Kernel = FACTORS) -> Tensor:
    """Return MMD_l², Lemma 14: the mean of h over disjoint pairs of rows.

    It is unbiased as well and takes O((m + n) d), but is noisier.

    1/p Σ_i h((x_2i−1, y_2i−1), (x_2i, y_2i)) over p = ⌊min(m, n) / 2⌋ pairs, with
    h((x, y), (x', y')) = k(x, x') + k(y, y') − k(x, y') − k(x', y).

    Rows beyond 2p are left out, so the rows of a batch should stand in random order.

    Raises:
        DataError: when a sample has fewer than two rows or the dimensions differ.
    """
    check_samples(x, y, least=2)
    pairs = min(len(x), len(y)) // 2
    first_x, second_x = x[: 2 * pairs : 2], x[1 : 2 * pairs : 2]
    first_y, second_y = y[: 2 * pairs : 2], y[1 : 2 * pairs : 2]
    ends = ((first_x, second_x), (first_y, second_y), (first_x, second_y), (second_x, first_y))
    squared = torch.stack([(a - b).square().sum(1) for a, b in ends])  # [4, p]
    if not isinstance(kernel, RBFMixture):
        kernel = RBFMixture.median(squared, kernel)
    within_x, within_y, across, crossed = kernel(squared).unbind()
    return torch.mean(within_x + within_y - across - crossed)


def _kernels(x: Tensor, y: Tensor, kernel: Kernel, least: int) -> tuple[Tensor, Tensor, Tensor]:
    """Return kernel values [m, m] within x, [n, n] within y, and [m, n] across."""
    check_samples(x, y, least)
    middle = 0.5 * (x.detach().mean(0) + y.detach().mean(0))
    x, y = x - middle, y - middle
    if not isinstance(kernel, RBFMixture):
        both = torch.cat([x, y]).detach()
        some = both[:: -(-len(both) // _MEDIAN_ROWS)]
        rows, columns = torch.triu_indices(len(some), len(some), offset=1, device=x.device)
        kernel = RBFMixture.median(squared_distances(some, some)[rows, columns], kernel)
    ends = ((x, x), (y, y), (x, y))
    within_x, within_y, across = (kernel(squared_distances(a, b)) for a, b in ends)
    return within_x, within_y, across


def _off_diagonal_mean(values: Tensor) -> Tensor:
    """Return the mean of a square matrix without its diagonal."""
    n = len(values)
    return (values.sum() - values.diagonal().sum()) / (n * (n - 1))
