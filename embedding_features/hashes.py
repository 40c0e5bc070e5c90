"""Hashes of numbers and of vectors that are the same in every process."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from embedding_features.arrays import F32

#: 2⁶⁴ divided by the golden ratio: SplitMix64's step from one state to the next
GOLDEN = np.uint64(0x9E3779B97F4A7C15)

#: rows hashed at once: what is mixed stays in the cache
_BLOCK = 1024


def splitmix64(x: Any) -> Any:
    """Return the mixed bits of uint64 numbers, one or an array: SplitMix64's finalizer.

    A bijection in which every bit of the argument moves every bit of the result (Steele, Lea & Flood, Fast
    Splittable Pseudorandom Number Generators, OOPSLA 2014). It compiles under numba.
    """
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))


def joint_hashes(columns: Sequence[npt.NDArray[np.uint64]]) -> npt.NDArray[np.uint64]:
    """Return [n] uint64 hashes of the rows of columns [n] of codes; the order of the columns matters."""
    mixed = np.zeros(len(columns[0]), np.uint64)
    for codes in columns:
        mixed = splitmix64((mixed + GOLDEN) ^ codes)
    return mixed


def row_hashes(vectors: F32) -> npt.NDArray[np.uint64]:
    """Return [n] uint64 hashes of [n, dim] rows: equal for equal rows, in practice different for others."""
    dim = vectors.shape[1]
    odd = np.random.default_rng(0).integers(1, 2**63, dim, np.uint64) * np.uint64(2) + np.uint64(1)
    place = np.arange(1, dim + 1, dtype=np.uint64)
    hashes = np.empty(len(vectors), np.uint64)
    for start in range(0, len(vectors), _BLOCK):
        block = slice(start, start + _BLOCK)
        positive_zero = vectors[block] + np.float32(0)  # turns -0 into 0
        bits = np.ascontiguousarray(positive_zero).view(np.uint32)
        mixed = bits.astype(np.uint64)
        mixed += place
        mixed *= odd
        mixed ^= mixed >> np.uint64(29)
        hashes[block] = mixed.sum(axis=1, dtype=np.uint64)
    return hashes
