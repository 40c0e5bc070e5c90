"""The one way in which kernels are compiled: numba, cached on disk, without the GIL."""

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numba
import numpy as np

from embedding_features.arrays import AnyArray

F = TypeVar("F", bound=Callable[..., Any])


def jit(*, parallel: bool = False, fastmath: bool = False) -> Callable[[F], F]:
    """Return a decorator that compiles a kernel in nopython mode.

    Args:
        parallel: lets ``numba.prange`` share its iterations out to threads.
        fastmath: lets sums be reordered and takes it that no value is NaN; off where bits or NaN matter, as
            wherever vectors are learned: a parallel kernel that is loaded from disk may sum in another order
            than in the process that compiled it.
    """
    return cast(
        Callable[[F], F],
        numba.njit(cache=True, nogil=True, parallel=parallel, fastmath=fastmath, error_model="numpy"),
    )


#: numbers between two pieces of working memory, and around them: more than LLVM's widest vectorized step
_GAP = 64


@jit()
def working_memory(pieces: int, size: int, like: AnyArray) -> AnyArray:
    """Return room for ``pieces`` arrays of ``size`` numbers of the type of ``like``, none near another one.

    A loop over arrays that lie closer than a vectorized step is run by LLVM without vectors: of arrays by
    themselves the speed, and with ``fastmath`` the last bit, would depend on where malloc put them.
    """
    return np.empty(pieces * (size + _GAP) + _GAP, like.dtype)


@jit()
def piece(memory: AnyArray, number: int, size: int) -> AnyArray:
    """Return array ``number`` of :func:`working_memory`, as a view."""
    start = _GAP + number * (size + _GAP)
    return memory[start : start + size]
