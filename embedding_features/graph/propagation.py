"""Products of a sparse and a dense matrix, the one operation under propagation and subspace iteration.

The dense side is walked in tiles of 64 columns, and powers of two for what is left. Each width has its own
kernel, with the width a compile-time constant, so that one row's sum lives in vector registers; rows are
dealt to threads in chunks of about equal numbers of edges. A row is summed in the order of its edges by one
thread: the result does not depend on the number of threads.
"""

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numba
import numpy as np
import torch

from embedding_features.arrays import F32, I32, I64
from embedding_features.errors import GraphError
from embedding_features.graph.csr import CSR
from embedding_features.graph.row_sum import store_row_sum
from embedding_features.jit import jit

_TILE = 64
_CHUNKS = 256

_Kernel = Callable[[I64, I32, F32, F32, F32, I64, int], None]


def spmm(csr: CSR, x: F32, out: F32 | None = None) -> F32:
    """Return the product of a sparse matrix and a dense one.

    Args:
        csr: [rows, columns]; entries are its weights, ones where it has none; duplicates add up.
        x: [columns, d] float32.
        out: [rows, d] float32, C-contiguous, overwritten; allocated when None. Must not share memory with x.

    Returns:
        [rows, d] float32.

    Raises:
        GraphError: when the shapes do not fit.
    """
    if x.ndim != 2 or len(x) != csr.columns:
        raise GraphError(f"a {csr.rows} × {csr.columns} matrix cannot multiply one of shape {x.shape}")
    shape = (csr.rows, x.shape[1])
    if out is None:
        out = np.empty(shape, np.float32)
    elif out.shape != shape or out.dtype != np.float32 or not out.flags.c_contiguous:
        raise GraphError(f"out is {out.dtype} of shape {out.shape}, not contiguous float32 of {shape}")
    dense = np.ascontiguousarray(x, np.float32)
    weight = csr.weights()
    bounds = balanced_chunks(csr)
    start = 0
    for width in _tiles(shape[1]):
        _kernel(width)(csr.indptr, csr.indices, weight, dense, out, bounds, start)
        start += width
    return out


def product(matrix: CSR, transposed: CSR, x: torch.Tensor) -> torch.Tensor:
    """Return the product of a sparse matrix and vectors, differentiable in them.

    The backward pass is the product with the transpose; nothing is kept for it. With the symmetric norm it is
    LightGCN's step e^(k+1) = D^-1/2 A D^-1/2 e^(k) (He et al. 2020, eq. 3).

    Args:
        matrix: [rows, columns].
        transposed: the same entries as [columns, rows]; the matrix itself where it is symmetric.
        x: [columns, d] float32 on the CPU.

    Returns:
        [rows, d] float32.
    """
    out: torch.Tensor = _Product.apply(x, matrix, transposed)  # type: ignore[no-untyped-call]
    return out


class _Product(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: torch.Tensor, matrix: CSR, transposed: CSR) -> torch.Tensor:
        ctx.matrix, ctx.transposed = matrix, transposed
        return _product(matrix, x)

    @staticmethod
    def backward(ctx: Any, *grads: torch.Tensor) -> tuple[torch.Tensor, None, None]:
        grad = _Product.apply(grads[0], ctx.transposed, ctx.matrix)  # type: ignore[no-untyped-call]
        return grad, None, None


def _product(csr: CSR, x: torch.Tensor) -> torch.Tensor:
    if x.device.type != "cpu" or x.dtype != torch.float32:
        raise GraphError(
            f"propagation is for float32 on the CPU, not {x.dtype} on {x.device}",
            fix="set device: cpu; the kernel there is faster than torch's sparse products",
        )
    return torch.from_numpy(spmm(csr, x.detach().numpy()))


def _tiles(columns: int) -> list[int]:
    """Return widths that make up ``columns``: 64 as often as it fits, then falling powers of two."""
    rest = columns % _TILE
    return [_TILE] * (columns // _TILE) + [1 << bit for bit in reversed(range(6)) if rest >> bit & 1]


def balanced_chunks(csr: CSR) -> I64:
    """Return [chunks + 1] int64 row bounds with about equal work, edges and rows, between them."""
    work = csr.indptr + np.arange(csr.rows + 1)
    chunks = min(_CHUNKS, max(1, csr.rows))
    bounds = np.searchsorted(work, np.linspace(0, work[-1], chunks + 1))
    bounds[-1] = csr.rows
    return bounds.astype(np.int64)


@lru_cache
def _kernel(width: int) -> _Kernel:
    """Return the kernel for tiles ``width`` columns wide, compiled at the first use."""

    @jit(parallel=True)
    def product(indptr: I64, indices: I32, weight: F32, x: F32, out: F32, bounds: I64, start: int) -> None:
        columns = x.shape[1]
        for chunk in numba.prange(len(bounds) - 1):
            for row in range(bounds[chunk], bounds[chunk + 1]):
                begin, end = indptr[row], indptr[row + 1]
                store_row_sum(width, out, row * columns + start, x, start, indices, weight, begin, end)

    return product
