"""The sparse × dense kernel equals the naive product, and its gradient is the transposed product."""

import numba
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from embedding_features.arrays import F32
from embedding_features.errors import GraphError
from embedding_features.graph.csr import CSR
from embedding_features.graph.propagation import product, spmm


def _random(rows: int, columns: int, edges: int, seed: int, weighted: bool = True) -> CSR:
    rng = np.random.default_rng(seed)
    src, dst = rng.integers(0, rows, edges), rng.integers(0, columns, edges)
    weight = rng.standard_normal(edges).astype(np.float32) if weighted else None
    return CSR.from_edges(src, dst, (rows, columns), weight)


def _naive(csr: CSR, x: F32) -> F32:
    out = np.zeros((csr.rows, x.shape[1]), np.float64)
    for row in range(csr.rows):
        for edge in range(int(csr.indptr[row]), int(csr.indptr[row + 1])):
            out[row] += float(csr.weights()[edge]) * x[csr.indices[edge]].astype(np.float64)
    return out.astype(np.float32)


@settings(max_examples=60, deadline=None)
@given(
    rows=st.integers(1, 40),
    columns=st.integers(1, 40),
    edges=st.integers(0, 300),
    dim=st.integers(1, 200),
    weighted=st.booleans(),
    seed=st.integers(0, 2**31),
)
def test_product_is_the_naive_one(
    rows: int, columns: int, edges: int, dim: int, weighted: bool, seed: int
) -> None:
    """Any shape, empty rows, repeated entries, every remainder of the tile width."""
    csr = _random(rows, columns, edges, seed, weighted)
    x = np.random.default_rng(seed).standard_normal((columns, dim)).astype(np.float32)
    np.testing.assert_allclose(spmm(csr, x), _naive(csr, x), rtol=1e-4, atol=1e-4)


def test_out_is_overwritten_and_returned() -> None:
    csr = _random(20, 30, 50, 0)
    x = np.random.default_rng(1).standard_normal((30, 70)).astype(np.float32)
    out = np.full((20, 70), np.nan, np.float32)
    assert spmm(csr, x, out) is out
    np.testing.assert_array_equal(out, spmm(csr, x))


def test_strided_input_is_read_right() -> None:
    csr = _random(20, 30, 100, 0)
    x = np.random.default_rng(1).standard_normal((70, 30)).astype(np.float32)
    np.testing.assert_array_equal(spmm(csr, x.T), spmm(csr, np.ascontiguousarray(x.T)))


def test_thread_count_does_not_change_a_bit() -> None:
    csr = _random(500, 400, 20_000, 0)
    x = np.random.default_rng(1).standard_normal((400, 96)).astype(np.float32)
    both = spmm(csr, x)
    threads = numba.get_num_threads()
    numba.set_num_threads(1)
    try:
        np.testing.assert_array_equal(spmm(csr, x), both)
    finally:
        numba.set_num_threads(threads)


@pytest.mark.parametrize(
    ("x", "out", "message"),
    [
        (np.zeros((31, 4), np.float32), None, r"20 × 30 .* \(31, 4\)"),
        (np.zeros(30, np.float32), None, r"\(30,\)"),
        (np.zeros((30, 4), np.float32), np.zeros((20, 5), np.float32), r"out is float32 of shape \(20, 5\)"),
        (np.zeros((30, 4), np.float32), np.zeros((20, 4)), "out is float64"),
    ],
)
def test_shapes_that_do_not_fit_are_refused(x: F32, out: F32 | None, message: str) -> None:
    with pytest.raises(GraphError, match=message):
        spmm(_random(20, 30, 50, 0), x, out)


def test_the_product_and_its_gradient_match_dense_torch() -> None:
    csr = _random(12, 9, 40, 0)
    back = csr.transposed()
    dense = torch.zeros(12, 9)
    sources, indices = torch.from_numpy(csr.sources().astype(np.int64)), torch.from_numpy(csr.indices).long()
    dense.index_put_((sources, indices), torch.from_numpy(csr.weights()), accumulate=True)
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(9, 5, generator=generator).requires_grad_()
    weight = torch.randn(9, 5, generator=generator)

    def there_and_back(sparse: bool) -> list[torch.Tensor]:
        y = product(back, csr, product(csr, back, x)) if sparse else dense.T @ (dense @ x)
        loss = (y * weight).sum() + y.square().sum()
        return [y, *torch.autograd.grad(loss, [x])]

    for got, wanted in zip(there_and_back(True), there_and_back(False), strict=True):
        torch.testing.assert_close(got, wanted, rtol=1e-4, atol=1e-4)


def test_other_precisions_are_refused() -> None:
    csr = _random(3, 3, 5, 0)
    with pytest.raises(GraphError, match="float64"):
        product(csr, csr.transposed(), torch.zeros(3, 2, dtype=torch.float64))
