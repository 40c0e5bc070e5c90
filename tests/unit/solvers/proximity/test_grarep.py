"""GraRep's matrices by hand and by dense powers, and its vectors by LAPACK."""

import numpy as np
import pytest
from pydantic import ValidationError

from embedding_features.arrays import F64
from embedding_features.graph import CSR
from embedding_features.solvers.proximity import GraRep, factors
from tests.unit.solvers.proximity.graphs import (
    dense,
    random_graph,
    root_factor,
    transition_matrix,
    triangle_with_tail,
    unit,
)


def _matrix(adjacency: CSR, k: int, negatives: float) -> F64:
    """X^k entry by entry, as the paper's algorithm 1 writes it."""
    power = np.linalg.matrix_power(transition_matrix(adjacency), k)
    out = np.zeros_like(power)
    for i, j in zip(*np.nonzero(power), strict=True):
        out[i, j] = max(0.0, np.log(power[i, j] / power[:, j].sum()) - np.log(negatives / len(power)))
    return out


def test_golden_of_one_step() -> None:
    """P/Γ with Γ = 5/6, 5/6, 2, 1/3, times N = 4: 12/5 between 0 and 1, 8/5 from 2, 4 to 3, 2 from 3."""
    (found,) = GraRep(steps=1).transposed_matrices(triangle_with_tail())
    a, b, c, d = np.log([12 / 5, 8 / 5, 4, 2])
    wanted = [[0, a, 0, 0], [a, 0, 0, 0], [b, b, 0, c], [0, 0, d, 0]]
    np.testing.assert_allclose(dense(found).T, wanted, atol=1e-6)


@pytest.mark.parametrize("block", [1, 1 << 24])
def test_matrices_are_those_of_dense_powers(monkeypatch: pytest.MonkeyPatch, block: int) -> None:
    monkeypatch.setattr(factors, "_BLOCK", block)
    graph = random_graph(150, seed=0)
    for k, found in enumerate(GraRep(steps=3, negatives=0.5).transposed_matrices(graph), start=1):
        np.testing.assert_allclose(dense(found).T, _matrix(graph, k, 0.5), atol=2e-5)
    assert k == 3


def test_directed_graphs_have_their_own_directions() -> None:
    pairs = np.unique(np.random.default_rng(0).integers(0, 30, (120, 2)), axis=0)
    graph = CSR.from_edges(pairs[:, 0], pairs[:, 1], (30, 30))
    for k, found in enumerate(GraRep(steps=2).transposed_matrices(graph), start=1):
        np.testing.assert_allclose(dense(found).T, _matrix(graph, k, 1.0), atol=2e-5)


def test_vectors_are_the_steps_factors_side_by_side() -> None:
    graph = random_graph(90, seed=1)
    found = GraRep(dim=11, steps=3).solve(graph)
    assert found.shape == (90, 11)
    for k, (start, stop) in enumerate([(0, 4), (4, 8), (8, 11)], start=1):
        wanted = unit(root_factor(_matrix(graph, k, 1.0), stop - start))
        got = found[:, start:stop]
        np.testing.assert_allclose(got @ got.T, wanted @ wanted.T, atol=2e-3)
    assert not found[-1].any()  # the node without edges


def test_each_step_needs_a_component() -> None:
    with pytest.raises(ValidationError, match="dim 2 is too little"):
        GraRep(dim=2, steps=3)
