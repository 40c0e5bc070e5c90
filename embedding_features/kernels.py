"""Small compiled kernels that several packages share: search in sorted rows, and the best rows so far."""

import numpy as np

from embedding_features.arrays import F32, F64, I32, I64
from embedding_features.jit import jit


@jit()
def first_not_below(rows: I32 | I64, start: int, stop: int, row: int) -> int:
    """Return the first place of ``rows[start:stop]``, which ascend, not below ``row``, or ``stop``."""
    while start < stop:
        middle = (start + stop) >> 1
        if rows[middle] < row:
            start = middle + 1
        else:
            stop = middle
    return start


@jit()
def contains(rows: I32 | I64, start: int, stop: int, row: int) -> bool:
    """Return whether ``rows[start:stop]``, which ascend, hold ``row``."""
    place = first_not_below(rows, start, stop, row)
    return place < stop and rows[place] == row


@jit()
def insert_best(rows: I64, scores: F32 | F64, row: int, score: float | np.float32) -> None:
    """Insert a row among the best so far, in place; the last one falls out.

    Args:
        rows: [k] the best rows so far, best first and ties in ascending order.
        scores: [k] their scores; of a free place one that every score is above, such as −∞.
        row: the row to insert, which must not be among them.
        score: its score.
    """
    place = len(rows) - 1
    if place < 0 or score < scores[place] or (score == scores[place] and row > rows[place]):
        return
    while place > 0 and (score > scores[place - 1] or (score == scores[place - 1] and row < rows[place - 1])):
        scores[place] = scores[place - 1]
        rows[place] = rows[place - 1]
        place -= 1
    scores[place] = score
    rows[place] = row
