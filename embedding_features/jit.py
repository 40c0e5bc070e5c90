"""The one way kernels are compiled: numba, cached on disk, without the GIL."""

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numba

F = TypeVar("F", bound=Callable[..., Any])


def jit(*, parallel: bool = False, fastmath: bool = False) -> Callable[[F], F]:
    """Compile a kernel in nopython mode. ``fastmath`` lets sums be reordered (not for NaN checks)."""
    return cast(
        Callable[[F], F],
        numba.njit(cache=True, nogil=True, parallel=parallel, fastmath=fastmath, error_model="numpy"),
    )
