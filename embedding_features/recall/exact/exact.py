"""Exact search: all rows scored in float32, the best few again in float64, and the rest proven worse."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from embedding_features.arrays import F32, I64, Bool
from embedding_features.artifact import Metric
from embedding_features.recall.exact.scan import scan
from embedding_features.recall.filters import Eligible
from embedding_features.recall.rank import rank

#: kept beyond k, so that almost always rounding in float32 cannot have cost a row its place
_SPARE = 4
_NONE = np.empty(0, np.int64)


@dataclass(frozen=True)
class ScannedVectors:
    """Holds the vectors of all rows, and what an exact search computes from them once.

    Attributes:
        values: [n, d] float32, as the metric compares them.
        metric: of the space they are from.
    """

    values: F32
    metric: Metric

    @property
    def l2(self) -> bool:
        """Whether the score is minus the squared distance instead of the dot product."""
        return self.metric == "l2"

    @cached_property
    def bias(self) -> F32:
        """[n] numbers that a scan adds to the dot product: -|q - x|² / 2 = q·x - |x|² / 2 - |q|² / 2."""
        if not self.l2:
            return np.zeros(len(self.values), np.float32)
        half: F32 = np.einsum("ij,ij->i", self.values, self.values, dtype=np.float64).astype(np.float32) / -2
        return half

    @cached_property
    def longest(self) -> float:
        """The greatest length of a vector."""
        squares = np.einsum("ij,ij->i", self.values, self.values, dtype=np.float64)
        return float(np.sqrt(squares.max(initial=0)))


def search_exact(queries: F32, vectors: ScannedVectors, k: int, eligible: Eligible) -> tuple[I64, F32]:
    """Return [q, k] rows and scores, best first, ties in ascending order of row; -1 and -inf where fewer."""
    if eligible.listed is not None:
        return score_exact(queries, vectors, eligible.listed.indptr, eligible.listed.rows, k, eligible)
    span = (eligible.start, eligible.stop) if eligible.rows is None else (0, len(eligible.rows))
    open_ = _NONE if eligible.rows is None else eligible.rows
    denied, keep = eligible.denied, min(k + _SPARE, max(eligible.count, 1))
    found, passed = scan(
        queries, vectors.values, vectors.bias, *span, open_, denied.indptr, denied.rows, keep
    )
    pointers = np.arange(len(queries) + 1) * found.shape[1]
    rows, scores = score_exact(queries, vectors, pointers, found.reshape(-1), k, eligible)
    all_open = np.arange(*span) if eligible.rows is None else open_
    for query in np.flatnonzero(~_proven(queries, vectors, passed, scores[:, -1])):
        one, bounds = slice(query, query + 1), np.array([0, len(all_open)])
        here = eligible.select(np.array([query]))
        rows[one], scores[one] = score_exact(queries[one], vectors, bounds, all_open, k, here)
    return rows, scores


def score_exact(
    queries: F32, vectors: ScannedVectors, pointers: I64, candidates: I64, k: int, eligible: Eligible
) -> tuple[I64, F32]:
    """Return the k best of each query's candidates that are not denied to it; see :func:`.rank.rank`."""
    denied = eligible.denied
    return rank(queries, vectors.values, vectors.l2, pointers, candidates, denied.indptr, denied.rows, k)


def _proven(queries: F32, vectors: ScannedVectors, passed: F32, last: F32) -> Bool:
    """Return [q] whether no row that the scan passed over can belong to the k best.

    A sum of d products in float32 errs by less than d · 2⁻²⁴ times the sum of their magnitudes, in any order
    (Higham 2002, section 3.1), which is at most |q| |x|; the bias and the score's rounding add their own.

    Args:
        queries: [q, d] float32.
        vectors: of all rows.
        passed: [q] no passed row scored above it; -inf where none was passed.
        last: [q] the k-th best score.
    """
    length = np.sqrt(np.einsum("ij,ij->i", queries, queries, dtype=np.float64))
    magnitude, least = length * vectors.longest, last.astype(np.float64)
    if vectors.l2:
        magnitude += (length**2 + vectors.longest**2) / 2
        least = (least + length**2) / 2
    error = (queries.shape[1] + 8) * 2.0**-24 * magnitude
    good: Bool = (passed == -np.inf) | (passed + error < least)
    return good
