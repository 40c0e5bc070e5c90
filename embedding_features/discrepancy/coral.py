"""Correlation alignment: the distance between the covariances of two samples."""

from torch import Tensor

from embedding_features.discrepancy.kernels import check_samples


def coral(x: Tensor, y: Tensor) -> Tensor:
    """Return 1/(4 d²) |C_x − C_y|_F², C the covariance with n − 1.

    Sun & Saenko, Deep CORAL: Correlation Alignment for Deep Domain Adaptation, ECCV workshops 2016, eq. 1–3.
    Blind to the means: two samples that are merely apart have no distance. Its scale is the fourth power of
    the vectors', so it can be lowered by shrinking them.

    Args:
        x: [m, d].
        y: [n, d].

    Raises:
        DataError: when a sample has fewer than two rows or the dimensions differ.
    """
    check_samples(x, y, least=2)
    difference = _covariance(x) - _covariance(y)
    return difference.square().sum() / (4 * x.shape[1] ** 2)


def _covariance(x: Tensor) -> Tensor:
    """Return the covariance [d, d] of the rows."""
    centred = x - x.mean(0)
    return centred.T @ centred / (len(x) - 1)
