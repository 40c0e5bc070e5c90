"""What two samples must be to compare."""

from torch import Tensor

from embedding_features.errors import DataError


def check_samples(x: Tensor, y: Tensor, least: int) -> None:
    """Raises:
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
