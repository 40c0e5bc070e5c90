"""Draws from any discrete distribution in constant time."""

import numpy as np

from embedding_features.arrays import F64, I64
from embedding_features.jit import jit


def alias_table(weights: F64) -> tuple[F64, I64]:
    """Make the table of Walker's alias method (Vose 1991): draw an entry evenly, keep it or take its alias.

    Args:
        weights: [n] unnormalised probabilities.

    Returns:
        [n] probability of keeping each entry, and [n] int64 its alias.
    """
    return _alias(weights * (len(weights) / weights.sum()))


@jit()
def _alias(scaled: F64) -> tuple[F64, I64]:
    """Return the table of weights whose mean is 1."""
    n = len(scaled)
    keep = np.ones(n)
    alias = np.arange(n)
    left = scaled.copy()
    small = np.empty(n, np.int64)
    large = np.empty(n, np.int64)
    n_small = n_large = 0
    for i in range(n):
        if left[i] < 1.0:
            small[n_small] = i
            n_small += 1
        else:
            large[n_large] = i
            n_large += 1
    while n_small and n_large:
        n_small -= 1
        low, high = small[n_small], large[n_large - 1]
        keep[low], alias[low] = left[low], high
        left[high] -= 1.0 - left[low]
        if left[high] < 1.0:
            n_large -= 1
            small[n_small] = high
            n_small += 1
    return keep, alias
