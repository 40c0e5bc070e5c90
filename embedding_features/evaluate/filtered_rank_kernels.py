"""Ranks read off blocks of scores."""

import numba

from embedding_features.arrays import F32, F64, I32, I64
from embedding_features.jit import jit


@jit(parallel=True)
def filtered_ranks(scores: F32, answers: I64, starts: I64, stops: I64, known: I32, ranks: F64) -> None:
    """Write the rank of each row's answer among all columns that the row does not know.

    A rank is the mean of the best and the worst place among equal scores: 1 + columns above + half of those
    that are equal. A score that is NaN counts as above.

    Args:
        scores: [m, n].
        answers: [m] column of each row's answer, which counts also where it is known.
        starts: [m] where in ``known`` the row's known columns begin.
        stops: [m] where they end.
        known: columns, distinct within a row.
        ranks: [m] the result.
    """
    for r in numba.prange(len(scores)):
        row, answer = scores[r], answers[r]
        own = row[answer]
        above, equal = 0, -1
        for column in range(len(row)):
            above += not (row[column] <= own)
            equal += row[column] == own
        for edge in range(starts[r], stops[r]):
            column = known[edge]
            if column != answer:
                above -= not (row[column] <= own)
                equal -= row[column] == own
        ranks[r] = 1 + above + 0.5 * equal
