"""Singular vectors against LAPACK's, for tall and for wide matrices."""

import numpy as np
import pytest

from embedding_features.arrays import F64
from embedding_features.graph import CSR
from embedding_features.solvers.subspace import exact_singular, randomized_singular


def _matrix(shape: tuple[int, int]) -> tuple[CSR, F64]:
    """Random entries in a quarter of the places, and their dense matrix."""
    rng = np.random.default_rng(shape[0])
    dense = rng.standard_normal(shape) * (rng.random(shape) < 0.25)
    src, dst = np.nonzero(dense)
    return CSR.from_edges(src, dst, shape, dense[src, dst].astype(np.float32)), dense


@pytest.mark.parametrize("shape", [(60, 40), (40, 60)])
def test_exact_decomposition(shape: tuple[int, int]) -> None:
    csr, dense = _matrix(shape)
    vectors, singular = exact_singular(csr)
    wanted = np.linalg.svd(dense, compute_uv=False)
    np.testing.assert_allclose(singular[:40], wanted, atol=1e-4)
    right = vectors[:, :30].astype(np.float64)
    np.testing.assert_allclose(right.T @ right, np.eye(30), atol=1e-4)
    np.testing.assert_allclose(np.linalg.norm(dense @ right, axis=0), wanted[:30], atol=1e-3)


@pytest.mark.parametrize("shape", [(60, 40), (40, 60)])
def test_iteration_finds_the_leading_vectors_and_says_when(shape: tuple[int, int]) -> None:
    csr, dense = _matrix(shape)
    steps: list[int] = []
    vectors, singular = randomized_singular(csr, 20, 40, 0, lambda: steps.append(1))
    _, wanted, right = np.linalg.svd(dense)
    np.testing.assert_allclose(singular[:5], wanted[:5], rtol=1e-4)
    overlap = np.abs(np.sum(vectors[:, :5] * right[:5].T, axis=0))
    np.testing.assert_allclose(overlap, 1, atol=1e-3)
    assert len(steps) == 41
