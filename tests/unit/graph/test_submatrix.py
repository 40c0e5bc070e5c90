"""Rows and columns of a sparse matrix against those of scipy's."""

import numpy as np
import pytest
from scipy.sparse import csr_matrix

from embedding_features.graph.csr import CSR
from embedding_features.graph.submatrix import take_columns, take_rows


def random_matrix(seed: int, weighted: bool) -> tuple[CSR, csr_matrix]:
    """Of 15 rows and 11 columns, with entries that stand twice, and rows and columns without any."""
    rng = np.random.default_rng(seed)
    src, dst = rng.integers(0, 13, 60), rng.integers(0, 9, 60)
    weight = rng.random(60).astype(np.float32) if weighted else None
    values = np.ones(60, np.float32) if weight is None else weight
    return CSR.from_edges(src, dst, (15, 11), weight), csr_matrix((values, (src, dst)), (15, 11))


def dense(csr: CSR) -> np.ndarray:
    return csr_matrix((csr.weights(), (csr.sources(), csr.indices)), (csr.rows, csr.columns)).toarray()


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("seed", range(5))
def test_rows_and_columns_are_scipys(seed: int, weighted: bool) -> None:
    ours, scipys = random_matrix(seed, weighted)
    rng = np.random.default_rng(seed)
    rows, columns = rng.integers(0, 15, 20), rng.permutation(11)[:6]
    np.testing.assert_allclose(dense(take_rows(ours, rows)), scipys[rows].toarray(), rtol=1e-6)
    np.testing.assert_allclose(dense(take_columns(ours, columns)), scipys[:, columns].toarray(), rtol=1e-6)


def test_none_are_an_empty_matrix() -> None:
    ours, _ = random_matrix(0, weighted=True)
    none = np.empty(0, np.int64)
    assert (take_rows(ours, none).rows, take_rows(ours, none).columns) == (0, 11)
    assert (take_columns(ours, none).rows, take_columns(ours, none).edges) == (15, 0)
