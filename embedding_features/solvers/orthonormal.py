"""Linear algebra of tall matrices for subspace iteration: products, Gram matrices, orthonormal bases."""

from functools import cache
from typing import Any

import numpy as np
import scipy.linalg
import torch
from threadpoolctl import ThreadpoolController

from embedding_features.arrays import F32, F64

#: a column this short, squared, once the others are taken out of it, is noise in float32
_DEPENDENT = 1e-5


def product(tall: F32, small: F64) -> F32:
    """Return the product of [n, k] and [k, r], computed in float32."""
    right = torch.from_numpy(np.ascontiguousarray(small, np.float32))
    return np.asarray((torch.from_numpy(tall) @ right).numpy())


def gram(tall: F32) -> F64:
    """Return YᵀY of Y [n, k], computed in float32, lifted to float64."""
    y = torch.from_numpy(tall)
    return np.asarray((y.T @ y).double().numpy())


def descending_roots(symmetric: F64) -> tuple[F64, F64]:
    """Return the roots of a Gram matrix's eigenvalues, descending, and its eigenvectors as columns."""
    with _one_thread():
        values, vectors = scipy.linalg.eigh(symmetric, driver="evd", check_finite=False)
    return np.sqrt(np.maximum(values[::-1], 0)), vectors[:, ::-1]


def orthonormalize(y: F32) -> F32:
    """Return an orthonormal basis of the columns' span.

    Cholesky QR: YᵀY = L Lᵀ, Q = Y L^-ᵀ, with 10^-7 of its mean diagonal added to the Gram matrix: two
    products, where Householder's QR is many times slower. Where L's diagonal shows columns that depend on
    others within float32, an eigendecomposition leaves them out instead.

    Args:
        y: [n, k] float32.

    Returns:
        [n, r] float32, r <= k.
    """
    square = gram(y)
    scale = float(np.trace(square)) / len(square)
    if scale == 0:
        return y[:, :0]
    identity = np.eye(len(square))
    with _one_thread():
        try:
            lower = scipy.linalg.cholesky(square + 1e-7 * scale * identity, lower=True, check_finite=False)
        except np.linalg.LinAlgError:
            return _independent(y, square)
        if np.square(lower.diagonal()).min() < _DEPENDENT * scale:
            return _independent(y, square)
        inverse = scipy.linalg.solve_triangular(lower, identity, lower=True, check_finite=False)
    return product(y, inverse.T)


def component_signs(vectors: F32) -> F32:
    """Return [k] factors ±1 that make the largest entry of each of the k columns positive."""
    largest = vectors[np.abs(vectors).argmax(axis=0), np.arange(vectors.shape[1])]
    return np.where(largest < 0, -1, 1).astype(np.float32)


def pad_columns(vectors: F32, dim: int) -> F32:
    """Return [n, dim] vectors, the missing columns zero."""
    missing = dim - vectors.shape[1]
    return np.pad(vectors, ((0, 0), (0, missing))) if missing else np.ascontiguousarray(vectors)


def _independent(y: F32, square: F64) -> F32:
    """Return an orthonormal basis of Y by the eigenvectors of ``square`` = YᵀY, those of noise left out."""
    roots, vectors = descending_roots(square)
    kept = roots**2 > _DEPENDENT * roots[0] ** 2
    return product(y, vectors[:, kept] / roots[kept])


@cache
def _controller() -> ThreadpoolController:
    return ThreadpoolController()


def _one_thread() -> Any:
    """Limit LAPACK to one thread within the context."""
    # Its threads wait for each other in a spin: where other work runs beside ours, an eigendecomposition of
    # 512 columns takes thirty times longer with two threads than with one.
    return _controller().limit(limits=1, user_api="blas")
