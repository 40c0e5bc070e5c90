"""PTE: what networks that share nodes learn together, and what it refuses."""

import numpy as np
import pytest

from embedding_features.arrays import F32
from embedding_features.errors import GraphError
from embedding_features.graph import CSR
from embedding_features.solvers.line import PTE, BipartiteNetwork

pytestmark = pytest.mark.usefixtures("one_thread")


def planted(seed: int = 0) -> list[BipartiteNetwork]:
    """40 papers in two groups by turns: of authors 40 … 59 and of terms 60 … 79 of their group.

    Author 59 and term 79 have no paper.
    """
    rng = np.random.default_rng(seed)
    paper = np.repeat(np.arange(40), 3)
    member = rng.integers(0, 9, len(paper)) * 2 + paper % 2
    other = rng.integers(0, 9, len(paper)) * 2 + paper % 2
    return [
        BipartiteNetwork((0, 40), (40, 60), CSR.from_edges(paper, member, (40, 20))),
        BipartiteNetwork((0, 40), (60, 80), CSR.from_edges(paper, other, (40, 20))),
    ]


def near(vectors: F32, one: range, other: range) -> tuple[float, float]:
    """The mean cosines within a group, and between groups, of nodes of two types."""
    cosines = vectors[list(one)] @ vectors[list(other)].T
    same = np.array(one)[:, None] % 2 == np.array(other) % 2
    return float(cosines[same].mean()), float(cosines[~same].mean())


@pytest.mark.parametrize("seed", [0, 1])
def test_groups_are_found_across_networks(seed: int) -> None:
    """Authors and terms meet in no network but in the papers' vectors."""
    vectors = PTE(dim=8, samples_per_node=300).solve(planted(seed), seed=seed)
    papers, authors, terms = range(40), range(40, 58), range(60, 78)
    for one, other in ((authors, terms), (papers, papers), (authors, authors)):
        within, between = near(vectors, one, other)
        assert within > between + 0.3


def test_rows_end_behind_the_last_type_and_those_without_edges_are_zero() -> None:
    assert PTE(dim=8, samples_per_node=1).solve(planted()[:1]).shape == (60, 8)
    both = PTE(dim=8, samples_per_node=200).solve(planted())
    np.testing.assert_allclose(np.linalg.norm(both[:58], axis=1), 1, atol=1e-5)
    assert not both[[58, 59, 78, 79]].any()  # nobody's


def test_negatives_are_of_the_targets_type() -> None:
    """Sources joined to all targets are drawn to them alike, and nothing pushes them from each other."""
    src, dst = np.divmod(np.arange(12), 3)
    network = BipartiteNetwork((0, 4), (4, 7), CSR.from_edges(src, dst, (4, 3)))
    vectors = PTE(dim=4, samples_per_node=5000, negatives=1).solve([network])
    cosines = vectors[:4] @ vectors[:4].T
    assert cosines.min() > 0.9


def test_one_thread_is_deterministic_and_seeds_differ() -> None:
    pte = PTE(dim=8, samples_per_node=50)
    np.testing.assert_array_equal(pte.solve(planted(), seed=3), pte.solve(planted(), seed=3))
    assert np.abs(pte.solve(planted(), seed=4) - pte.solve(planted(), seed=3)).max() > 0.1


def test_faults_are_told() -> None:
    edges = CSR.from_edges(np.array([0]), np.array([1]), (2, 3))
    with pytest.raises(GraphError, match="no network"):
        PTE().solve([])
    with pytest.raises(GraphError, match=r"shape \(2, 3\) do not fit the rows 0:2 and 2:6"):
        PTE().solve([BipartiteNetwork((0, 2), (2, 6), edges)])
    with pytest.raises(GraphError, match="0:2 and 1:4 overlap"):
        PTE().solve([BipartiteNetwork((0, 2), (1, 4), edges)])
    none = CSR.from_edges(np.empty(0, np.int64), np.empty(0, np.int64), (2, 3))
    with pytest.raises(GraphError, match="has no edges"):
        PTE().solve([BipartiteNetwork((0, 2), (2, 5), none)])
    negative = CSR.from_edges(np.array([0]), np.array([1]), (2, 3), np.array([-1], np.float32))
    with pytest.raises(GraphError, match="negative"):
        PTE().solve([BipartiteNetwork((0, 2), (2, 5), negative)])
