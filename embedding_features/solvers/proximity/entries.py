"""Entries of a product of two dense matrices, where a sparse one has its own."""

from typing import Any

import numba
import numpy as np
import torch
from torch import Tensor

from embedding_features.arrays import F32, I32, I64
from embedding_features.graph.csr import CSR
from embedding_features.graph.propagation import spmm
from embedding_features.jit import jit
from embedding_features.solvers.dot_product import dot


def entries(pattern: CSR, left: Tensor, right: Tensor) -> Tensor:
    """Return the inner products of rows of two matrices, differentiable in both.

    Nothing of the size of the whole product is made, nor are rows copied for each entry.

    Args:
        pattern: [n, m] which entries; its weights do not count.
        left: [n, k] float32 on the CPU.
        right: [m, k].

    Returns:
        [edges] float32 left_i · right_j, in the order of the pattern.
    """
    found: Tensor = _Entries.apply(left, right, pattern)  # type: ignore[no-untyped-call]
    return found


class _Entries(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, left: Tensor, right: Tensor, pattern: CSR) -> Tensor:
        ctx.save_for_backward(left, right)
        ctx.pattern = pattern
        out = np.empty(pattern.edges, np.float32)
        rows, columns = (x.detach().contiguous().numpy() for x in (left, right))
        _dots(pattern.indptr, pattern.indices, rows, columns, out)
        return torch.from_numpy(out)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, Tensor, None]:
        left, right = (x.detach().numpy() for x in ctx.saved_tensors)
        pattern: CSR = ctx.pattern
        slopes = CSR(pattern.indptr, pattern.indices, pattern.columns, grads[0].contiguous().numpy())
        by_left, by_right = spmm(slopes, right), spmm(slopes.transposed(), left)
        return torch.from_numpy(by_left), torch.from_numpy(by_right), None


@jit(parallel=True)
def _dots(indptr: I64, indices: I32, left: F32, right: F32, out: F32) -> None:
    for row in numba.prange(len(indptr) - 1):
        for edge in range(indptr[row], indptr[row + 1]):
            out[edge] = dot(left[row], right[indices[edge]])
