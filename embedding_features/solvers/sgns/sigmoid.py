"""The logistic function by a table: the exponential would take as long as the vectors do."""

import numpy as np

from embedding_features.arrays import F32
from embedding_features.jit import jit

#: beyond ±8 the function is within 3.4e-4 of 0 or 1, and counts as it is there
_LIMIT = 8
_STEPS = 128


def sigmoid_table() -> F32:
    """Return the logistic function at the steps of :func:`sigmoid`, and one more."""
    x = np.arange(-_LIMIT * _STEPS, _LIMIT * _STEPS + 2) / _STEPS
    return (1 / (1 + np.exp(-x))).astype(np.float32)


@jit()
def sigmoid(x: np.float32, table: F32) -> np.float32:
    """Return 1 / (1 + e^-x), to 1e-6 between -8 and 8, by linear interpolation; of NaN what is of -8."""
    limit, steps = np.float32(_LIMIT), np.float32(_STEPS)
    if not x > -limit:
        x = -limit
    elif x > limit:
        x = limit
    scaled = (x + limit) * steps
    place = np.int64(scaled)
    return np.float32(table[place] + (scaled - np.float32(place)) * (table[place + 1] - table[place]))
