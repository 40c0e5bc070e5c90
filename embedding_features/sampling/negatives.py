"""Negative sampling: destinations drawn evenly or by popularity, except those the source has an edge to.

Every draw is a hash of (seed, epoch, position in the epoch, number of the negative, try), not the next state
of a generator: threads may share the work and the result does not depend on their number.
"""

from abc import abstractmethod
from typing import Literal

import numba
import numpy as np
from pydantic import Field

from embedding_features.arrays import F64, I32, I64
from embedding_features.config import Part
from embedding_features.graph.csr import CSR
from embedding_features.jit import jit
from embedding_features.sampling.alias_table import alias_table

#: draws after which a source that is joined to nearly everything keeps a known positive
_TRIES = 64


class Negatives(Part):
    """Says how many negatives a positive pair gets, and from which distribution they are drawn.

    Attributes:
        count: negatives per positive pair. More of them make each step slower and its gradient less noisy.
    """

    count: int = Field(default=1, ge=1)

    @abstractmethod
    def weights(self, degrees: I64) -> F64:
        """Return [destinations] unnormalised probabilities, from the number of edges of each."""

    def table(self, degrees: I64) -> tuple[F64, I64]:
        """Return the alias table of the distribution (see :func:`.alias_table`)."""
        return alias_table(self.weights(degrees))


class Uniform(Negatives):
    """Draws every destination with the same probability (BPR, Rendle et al. 2009, section 4.1.2)."""

    kind: Literal["uniform"] = "uniform"

    def weights(self, degrees: I64) -> F64:
        """Return the same weight for all."""
        return np.ones(len(degrees))


class Popularity(Negatives):
    """Draws a destination of degree d with probability ∝ d^alpha (word2vec, Mikolov et al. 2013).

    Attributes:
        alpha: 3/4 as in word2vec; 0 is uniform, 1 draws by popularity itself.
    """

    kind: Literal["popularity"] = "popularity"
    alpha: float = Field(default=0.75, ge=0)

    def weights(self, degrees: I64) -> F64:
        """Return d^alpha, 0 for destinations without an edge."""
        return np.where(degrees > 0, np.maximum(degrees, 1).astype(np.float64) ** self.alpha, 0.0)


def draw_negatives(
    known: CSR, src: I32, table: tuple[F64, I64], count: int, *, key: tuple[int, int], first: int
) -> I64:
    """Draw negatives for a batch of positive pairs.

    Args:
        known: the positives; destinations ascend within a row.
        src: [batch] source rows.
        table: alias table over destinations.
        count: negatives of each pair.
        key: seed and epoch.
        first: position of ``src[0]`` in the epoch.

    Returns:
        [batch, count] int64 destination rows. A source joined to nearly every destination may be left with
        a known positive, after 64 draws.
    """
    keep, alias = table
    base = np.random.SeedSequence(key).generate_state(1, np.uint64)[0]
    return _draw(known.indptr, known.indices, src, keep, alias, count, base, first)


@jit()
def _mix(x: np.uint64) -> np.uint64:
    """The finalizer of splitmix64 (Steele, Lea & Flood 2014)."""
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))


@jit()
def _is_known(indices: I32, low: int, high: int, dst: int) -> bool:
    """Return whether ``dst`` is among the ascending ``indices[low:high]``."""
    end = high
    while low < high:
        middle = (low + high) // 2
        if indices[middle] < dst:
            low = middle + 1
        else:
            high = middle
    return low < end and indices[low] == dst


@jit(parallel=True)
def _draw(
    indptr: I64, indices: I32, src: I32, keep: F64, alias: I64, count: int, base: np.uint64, first: int
) -> I64:
    out = np.empty((len(src), count), np.int64)
    golden = np.uint64(0x9E3779B97F4A7C15)
    for b in numba.prange(len(src)):
        low, high = indptr[src[b]], indptr[src[b] + 1]
        for n in range(count):
            state = _mix(base + golden * np.uint64((first + b) * count + n + 1))
            dst = 0
            for _ in range(_TRIES):
                state += golden
                bits = _mix(state)
                dst = int(((bits >> np.uint64(32)) * np.uint64(len(keep))) >> np.uint64(32))
                state += golden
                if np.float64(_mix(state) >> np.uint64(11)) * 2.0**-53 >= keep[dst]:
                    dst = int(alias[dst])
                if not _is_known(indices, low, high, dst):
                    break
            out[b, n] = dst
    return out
