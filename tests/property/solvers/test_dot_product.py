"""The dot product has the bits of the sum that its docstring states, at every length."""

import numba
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from embedding_features.arrays import AnyArray
from embedding_features.jit import jit
from embedding_features.solvers.dot_product import LANES, dot


@jit()
def _dot(x: AnyArray, y: AnyArray) -> float:
    return dot(x, y)


def _naive(x: AnyArray, y: AnyArray) -> np.floating:
    """Add eight products at a time to eight sums, and halve these; numpy fuses no product with a sum."""
    product, sums, at = x * y, np.zeros(LANES, x.dtype), len(x) // LANES * LANES
    for start in range(0, at, LANES):
        sums += product[start : start + LANES]
    while len(sums) > 1:
        half = len(sums) // 2
        sums = sums[:half] + sums[half:]
        if len(x) - at >= half:
            sums += product[at : at + half]
            at += half
    assert at == len(x)
    return sums[0]


@settings(max_examples=200, deadline=None)
@given(size=st.integers(0, 200), kind=st.sampled_from((np.float32, np.float64)), seed=st.integers(0, 2**31))
def test_bits_are_those_of_the_stated_sum(size: int, kind: type[np.floating], seed: int) -> None:
    rng = np.random.default_rng(seed)
    x, y = rng.standard_normal((2, size)).astype(kind)
    assert np.asarray(_dot(x, y), kind).tobytes() == _naive(x, y).tobytes()


def test_golden() -> None:
    """1e8 takes a 1 that is added to it with it, in float32: what is left tells which sums met before."""
    x, ones = np.zeros(10, np.float32), np.ones(10, np.float32)
    x[[0, 2, 6, 9]] = 1, 1e8, -1e8, 2
    assert _dot(x, ones) == 3
    x[[0, 2, 4, 6]] = 1, 1e8, 0, 0
    x[8] = -1e8
    assert _dot(x, ones) == 2


@pytest.mark.parametrize(
    ("x", "y"),
    [
        (np.zeros(4, np.float32), np.zeros(4)),
        (np.zeros(8)[::2], np.zeros(4)),
        (np.zeros((2, 2)), np.zeros((2, 2))),
        (np.zeros(4, np.int64), np.zeros(4, np.int64)),
    ],
)
def test_other_arrays_are_refused_where_they_are_compiled(x: AnyArray, y: AnyArray) -> None:
    with pytest.raises(numba.TypingError):
        _dot(x, y)
