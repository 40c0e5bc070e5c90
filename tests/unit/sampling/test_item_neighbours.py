"""Neighbours of destinations: their weights by the formula, and how often they are drawn."""

import numpy as np
import pytest

from embedding_features.graph import CSR, Relation
from embedding_features.graph.co_occurrence import co_occurrence_neighbours
from embedding_features.sampling import ItemNeighbours
from tests.unit.sampling.test_sampling import random_view

VIEW = random_view()


def slow_weights(relation: Relation) -> np.ndarray:
    """[destinations, destinations] ω by the whole of G = RᵀR; itself has none."""
    matrix = np.zeros((relation.forward.rows, relation.forward.columns))
    matrix[relation.forward.sources(), relation.forward.indices] = 1
    shared = matrix.T @ matrix
    sums = shared.sum(1)
    own = np.maximum(sums - shared.diagonal(), 1)
    weights = shared / own[:, None] * np.sqrt(sums[:, None] / np.maximum(sums[None], 1))
    np.fill_diagonal(weights, 0)
    return weights


@pytest.mark.parametrize("count", [1, 4, 40])
def test_neighbours_are_the_largest_of_the_whole_matrix(count: int) -> None:
    relation = VIEW.matrix()
    expected = slow_weights(relation)
    neighbours, weights = co_occurrence_neighbours(relation, count)
    for row in range(len(expected)):
        best = np.sort(expected[row])[::-1]
        best = np.concatenate([best, np.zeros(count)])[:count]
        np.testing.assert_allclose(weights[row], best, rtol=1e-6)
        np.testing.assert_allclose(weights[row], expected[row][neighbours[row]], rtol=1e-6)
        assert ((weights[row] > 0) | (neighbours[row] == row)).all()


def test_golden() -> None:
    """Users have {0, 1}, {0, 1} and {1, 2}: G is [[2, 2, 0], [2, 3, 1], [0, 1, 1]], row sums 4, 6, 2."""
    forward = CSR.from_edges(np.array([0, 0, 1, 1, 2, 2]), np.array([0, 1, 0, 1, 1, 2]), (3, 3))
    relation = Relation("had", "user", "item", forward, forward.transposed())
    neighbours, weights = co_occurrence_neighbours(relation, 2)
    assert neighbours.tolist() == [[1, 0], [0, 2], [1, 2]]
    expected = [[2 / 2 * (4 / 6) ** 0.5, 0], [2 / 3 * (6 / 4) ** 0.5, 1 / 3 * 3**0.5], [(2 / 6) ** 0.5, 0]]
    np.testing.assert_allclose(weights, expected, rtol=1e-6)


def test_an_epoch_counts_every_neighbour_by_its_weight() -> None:
    relation = VIEW.matrix()
    first_src, first_dst = VIEW.span(relation.src).start, VIEW.span(relation.dst).start
    neighbours, weights = co_occurrence_neighbours(relation, 3)
    expected = np.zeros((relation.forward.rows, relation.forward.columns))
    for src, dst in zip(relation.forward.sources(), relation.forward.indices, strict=True):
        np.add.at(expected[src], neighbours[dst], weights[dst])
    found, epochs = np.zeros_like(expected), 400
    sampler = ItemNeighbours(count=3)
    for epoch in range(epochs):
        for one in sampler.epoch(VIEW, 64, seed=0, epoch=epoch):
            assert one.weight is not None
            assert one.negatives.numel() == 0
            np.add.at(found, (one.src - first_src, one.dst - first_dst), one.weight.numpy() / epochs)
    np.testing.assert_allclose(found.sum(1), expected.sum(1), rtol=1e-5)
    assert np.abs(found - expected).max() < 0.25 * expected.max()
    assert np.corrcoef(found.ravel(), expected.ravel())[0, 1] > 0.99
