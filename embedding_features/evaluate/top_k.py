"""Selection of the k best-scoring columns of each row, without sorting the row."""

import numba
import numpy as np

from embedding_features.arrays import F32, I32, I64
from embedding_features.jit import jit


@jit(parallel=True)
def top_k(scores: F32, k: int, rows: I64, indptr: I64, indices: I32) -> tuple[I32, F32]:
    """Return the best columns of each row, best first; equal scores in ascending order of the column.

    Args:
        scores: [m, n] float32; minus infinity and NaN are never returned. Masked in place.
        k: how many.
        rows: [m] row of the mask that belongs to each row of ``scores``.
        indptr: [mask rows + 1] where the masked columns of each row begin.
        indices: the columns that a row must not return.

    Returns:
        [m, k] int32 columns, -1 where there are fewer than k, and [m, k] float32 scores, -inf there.
    """
    best = np.full((len(scores), k), -1, np.int32)
    value = np.full((len(scores), k), -np.inf, np.float32)
    for r in numba.prange(len(scores)):
        score, columns, values = scores[r], best[r], value[r]
        for edge in range(indptr[rows[r]], indptr[rows[r] + 1]):
            score[indices[edge]] = -np.inf
        for column in range(len(score)):
            s = score[column]
            if s > values[k - 1]:
                place = k - 1
                while place > 0 and s > values[place - 1]:
                    values[place] = values[place - 1]
                    columns[place] = columns[place - 1]
                    place -= 1
                values[place] = s
                columns[place] = column
    return best, value
