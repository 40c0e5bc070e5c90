"""One step of Adagrad on some rows of a table, in one pass over them."""

import numba
import numpy as np

from embedding_features.arrays import F32, I64
from embedding_features.jit import jit


@jit(parallel=True)
def step_rows(table: F32, squares: F32, rows: I64, gradients: F32, lr: float, epsilon: float) -> None:
    """Move rows by −lr · g / (√(Σ g²) + ε), in place.

    Args:
        table: [m, dim].
        squares: [m, dim] the sums of the squared gradients of all steps, this one's added here.
        rows: [n] distinct.
        gradients: [n, dim] of those rows.
        lr: learning rate.
        epsilon: ε.
    """
    rate, least = np.float32(lr), np.float32(epsilon)
    for place in numba.prange(len(rows)):
        _step(table[rows[place]], squares[rows[place]], gradients[place], rate, least)


@jit()
def _step(row: F32, squares: F32, gradient: F32, rate: np.float32, least: np.float32) -> None:
    for k in range(len(row)):
        squares[k] += gradient[k] * gradient[k]
        row[k] -= rate * gradient[k] / (np.sqrt(squares[k]) + least)
