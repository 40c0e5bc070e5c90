"""Destinations a source has no edge to: drawn evenly or by popularity, known positives rejected.

Every draw is a hash of (seed, epoch, place in the epoch, number of the negative, try), not the next state of
a generator: threads may share the work and the result does not depend on their number.
"""

from abc import abstractmethod
from typing import Literal

import numba
import numpy as np
from pydantic import Field

from embedding_features.arrays import F64, I32, I64
from embedding_features.config import Part
from embedding_features.graph.csr import CSR
from embedding_features.hashes import GOLDEN, splitmix64
from embedding_features.jit import jit
from embedding_features.kernels import contains

#: draws after which a source that is joined to nearly everything keeps a known positive
_TRIES = 64


class Negatives(Part):
    """How many negatives a positive pair gets, and from which distribution.

    Attributes:
        count: negatives per positive pair.
    """

    count: int = Field(default=1, ge=1)

    @abstractmethod
    def weights(self, degrees: I64) -> F64:
        """[destinations] unnormalised probabilities, from the number of edges of each."""

    def table(self, degrees: I64) -> tuple[F64, I64]:
        """Alias table of the distribution (see :func:`alias_table`)."""
        return alias_table(self.weights(degrees))


class Uniform(Negatives):
    """Every destination with the same probability (BPR, Rendle et al. 2009, section 4.1.2)."""

    kind: Literal["uniform"] = "uniform"

    def weights(self, degrees: I64) -> F64:
        """See :meth:`Negatives.weights`."""
        return np.ones(len(degrees))


class Popularity(Negatives):
    """A destination of degree d with probability ∝ d^alpha (word2vec, Mikolov et al. 2013: alpha 3/4)."""

    kind: Literal["popularity"] = "popularity"
    alpha: float = Field(default=0.75, ge=0)

    def weights(self, degrees: I64) -> F64:
        """See :meth:`Negatives.weights`."""
        return np.where(degrees > 0, np.maximum(degrees, 1).astype(np.float64) ** self.alpha, 0.0)


def alias_table(weights: F64) -> tuple[F64, I64]:
    """Walker's alias method (Vose 1991): draw a place evenly, keep it or take its alias.

    Returns:
        [n] probability of keeping each place, and [n] int64 its alias.
    """
    return _alias(weights * (len(weights) / weights.sum()))


@jit()
def _alias(scaled: F64) -> tuple[F64, I64]:
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


def draw_negatives(
    known: CSR, src: I32, table: tuple[F64, I64], count: int, *, key: tuple[int, int], first: int
) -> I64:
    """Negatives of a run of positive pairs.

    Args:
        known: the positives; destinations ascend within a row.
        src: [batch] source rows.
        table: alias table over destinations.
        key: seed and epoch.
        first: place of ``src[0]`` in the epoch.

    Returns:
        [batch, count] int64 destination rows. A source joined to nearly every destination may be left with
        a known positive, after 64 draws.
    """
    keep, alias = table
    base = np.random.SeedSequence(key).generate_state(1, np.uint64)[0]
    return _draw(known.indptr, known.indices, src, keep, alias, count, base, first)


_mix = jit()(splitmix64)


@jit(parallel=True)
def _draw(
    indptr: I64, indices: I32, src: I32, keep: F64, alias: I64, count: int, base: np.uint64, first: int
) -> I64:
    out = np.empty((len(src), count), np.int64)
    for b in numba.prange(len(src)):
        low, high = indptr[src[b]], indptr[src[b] + 1]
        for n in range(count):
            state = _mix(base + GOLDEN * np.uint64((first + b) * count + n + 1))
            dst = 0
            for _ in range(_TRIES):
                state += GOLDEN
                bits = _mix(state)
                dst = int(((bits >> np.uint64(32)) * np.uint64(len(keep))) >> np.uint64(32))
                state += GOLDEN
                if np.float64(_mix(state) >> np.uint64(11)) * 2.0**-53 >= keep[dst]:
                    dst = int(alias[dst])
                if not contains(indices, low, high, dst):
                    break
            out[b, n] = dst
    return out
