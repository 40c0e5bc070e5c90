"""Entries of a product, and their slopes, against dense algebra."""

import numpy as np
import pytest
import torch

from embedding_features.graph import CSR
from embedding_features.solvers.proximity.entries import entries


@pytest.mark.parametrize("dim", [1, 5, 64, 70])
def test_entries_and_slopes_are_those_of_the_dense_product(dim: int) -> None:
    rng = np.random.default_rng(dim)
    rows, columns = np.nonzero(rng.random((7, 9)) < 0.4)
    pattern = CSR.from_edges(rows, columns, (7, 9))
    left, right = (torch.from_numpy(rng.standard_normal((n, dim)).astype(np.float32)) for n in (7, 9))
    pairs = [
        (one.clone().requires_grad_(), other.clone().requires_grad_()) for one, other in [(left, right)] * 2
    ]
    found = entries(pattern, *pairs[0])
    wanted = (pairs[1][0] @ pairs[1][1].T)[pattern.sources(), pattern.indices]
    torch.testing.assert_close(found, wanted)
    for scores in (found, wanted):
        (scores.sin() * torch.arange(len(scores))).sum().backward()  # type: ignore[no-untyped-call]
    for ours, theirs in zip(*pairs, strict=True):
        torch.testing.assert_close(ours.grad, theirs.grad, rtol=1e-4, atol=1e-4)


def test_rows_without_entries_have_no_slope() -> None:
    pattern = CSR.from_edges(np.array([1]), np.array([0]), (3, 2))
    left, right = torch.ones(3, 4, requires_grad=True), torch.ones(2, 4, requires_grad=True)
    entries(pattern, left, right).sum().backward()  # type: ignore[no-untyped-call]
    assert left.grad is not None
    assert right.grad is not None
    assert left.grad.sum(dim=1).tolist() == [0, 4, 0]
    assert right.grad.sum(dim=1).tolist() == [4, 0]
