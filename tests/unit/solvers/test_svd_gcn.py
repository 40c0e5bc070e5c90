"""SVD-GCN-S against the formula by a dense SVD, and by hand."""

import numpy as np
import pytest

from embedding_features.arrays import F64
from embedding_features.graph import CSR
from embedding_features.solvers import svd_gcn
from embedding_features.solvers.svd_gcn import SVDGCN
from tests.graph_views import matrix_view, sides


def matrix(shape: tuple[int, int]) -> CSR:
    """Users have mostly items of their own block, of four, the first of which is the largest."""
    same = np.arange(shape[0])[:, None] % 4 == np.arange(shape[1]) % 4
    has = np.random.default_rng(0).random(shape) < np.where(same, 0.5, 0.05) * np.linspace(1, 0.5, shape[1])
    return CSR.from_edges(*np.nonzero(has), shape)


def formula(csr: CSR, dim: int, alpha: float, a: float) -> F64:
    """All scores by the paper's formula, without our factors of size."""
    r = np.zeros((csr.rows, csr.columns))
    r[csr.sources(), csr.indices] = 1
    users, items = (np.maximum(r.sum(axis=axis), 1) + alpha for axis in (1, 0))
    u, s, vt = np.linalg.svd(r / np.sqrt(users)[:, None] / np.sqrt(items))
    return u[:, :dim] * np.exp(2 * a * s[:dim]) @ vt[:dim]


def test_by_hand() -> None:
    """R = all ones, 2 × 2, α = 2: R̃ = R / 4, σ = ½; the largest value has weight 1."""
    csr = CSR.from_edges(np.array([0, 0, 1, 1]), np.array([0, 1, 0, 1]), (2, 2))
    for vectors in sides(SVDGCN(dim=3, shift=2.0, exponent=5.0), matrix_view(csr)):
        np.testing.assert_allclose(vectors, [[1, 0, 0], [1, 0, 0]], atol=1e-6)


@pytest.mark.parametrize("shape", [(30, 20), (20, 30)])
@pytest.mark.parametrize(("alpha", "a"), [(0.0, 2.0), (3.0, 0.0), (4.0, 6.0)])
def test_scores_are_those_of_the_formula(shape: tuple[int, int], alpha: float, a: float) -> None:
    csr = matrix(shape)
    users, items = sides(SVDGCN(dim=4, shift=alpha, exponent=a), matrix_view(csr))
    got, wanted = users @ items.T, formula(csr, 4, alpha, a)
    np.testing.assert_allclose(got / np.abs(got).max(), wanted / np.abs(wanted).max(), atol=1e-4)


def test_iteration_finds_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(svd_gcn, "EXACT", 0)
    csr = matrix((200, 120))
    users, items = sides(SVDGCN(dim=4, shift=1.0, exponent=3.0, iterations=12), matrix_view(csr))
    got, wanted = users @ items.T, formula(csr, 4, 1.0, 3.0)
    np.testing.assert_allclose(got / np.abs(got).max(), wanted / np.abs(wanted).max(), atol=1e-3)
