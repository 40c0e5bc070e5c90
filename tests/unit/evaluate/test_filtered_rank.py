"""Filtered ranks by hand, their means, and what is refused."""

import numpy as np
import pytest
import torch

from embedding_features.errors import DataError, GraphError
from embedding_features.evaluate.filtered_rank import FilteredRanks, rank_triples
from embedding_features.graph.triples import TripleArrays
from embedding_features.scorers import Compare, DistMult, TransE

#: on a line, one step apart; nodes 3 and 4 stand at one place
VECTORS = np.array([[0.0], [1.0], [2.0], [3.0], [3.0]], np.float32)


def one_step(relations: list[list[float]]) -> Compare:
    compare = TransE().build(len(relations), 1, torch.Generator())
    compare.relations.data = torch.tensor(relations)
    return compare


def triples(*rows: tuple[int, int, int]) -> TripleArrays:
    return TripleArrays(*np.array(rows, np.int64).T)


def test_by_hand() -> None:
    """From node 0, one step on: node 1 is hit, 0 and 2 are one off, 3 and 4 two.

    (0, r, 3) comes after 1, 0 and 2 and ties with 4: place 4 or 5. Node 2 is a known answer and leaves: 3.5.
    From node 3 back, one step: node 2 is hit, then 1, 3 and 4 are one off, 0 is two off: the last place, 5.
    """
    known = triples((0, 0, 2), (0, 0, 3))
    ranks = rank_triples(one_step([[1.0]]), VECTORS, triples((0, 0, 3)), known, reciprocal=False)
    assert ranks.dst.tolist() == [3.5]
    assert ranks.src.tolist() == [5.0]
    assert ranks.mean_rank == 4.25
    assert ranks.mrr == pytest.approx((1 / 3.5 + 1 / 5) / 2)
    assert [ranks.hits(k) for k in (1, 3, 4, 5)] == [0, 0, 0.5, 1]


def test_reciprocal_relations_search_sources_as_targets() -> None:
    """The reciprocal relation goes three steps back: node 0 is hit from node 3."""
    compare = one_step([[1.0], [-3.0]])
    ranks = rank_triples(compare, VECTORS, triples((0, 0, 3)), triples((0, 0, 3)), reciprocal=True)
    assert ranks.src.tolist() == [1.0]


def test_a_known_answer_of_another_relation_is_not_filtered() -> None:
    compare = one_step([[1.0], [1.0]])
    alone = rank_triples(
        compare, VECTORS, triples((0, 0, 2)), triples((0, 0, 2), (0, 1, 1)), reciprocal=False
    )
    assert alone.dst.tolist() == [2.5]
    filtered = rank_triples(
        compare, VECTORS, triples((0, 0, 2)), triples((0, 0, 2), (0, 0, 1)), reciprocal=False
    )
    assert filtered.dst.tolist() == [1.5]


def test_vectors_that_are_all_equal_earn_the_middle_place() -> None:
    asked = triples((0, 0, 3), (2, 0, 1))
    ranks = rank_triples(one_step([[1.0]]), np.ones((9, 1), np.float32), asked, asked, reciprocal=False)
    assert ranks.dst.tolist() == ranks.src.tolist() == [5.0, 5.0]


def test_figures_are_over_both_sides() -> None:
    ranks = FilteredRanks(np.array([1.0, 2.0]), np.array([4.0, 10.5]))
    assert ranks.mean_rank == 17.5 / 4
    assert ranks.mrr == pytest.approx((1 + 0.5 + 0.25 + 1 / 10.5) / 4)
    assert ranks.hits(10) == 0.75


def test_nothing_to_rank_is_refused() -> None:
    nothing = TripleArrays(*np.zeros((3, 0), np.int64))
    with pytest.raises(DataError, match="no triples to rank"):
        rank_triples(one_step([[1.0]]), VECTORS, nothing, triples((0, 0, 1)), reciprocal=False)


def test_vectors_that_are_no_numbers_are_refused() -> None:
    broken = VECTORS.copy()
    broken[2] = np.nan
    with pytest.raises(DataError, match="NaN or infinity"):
        rank_triples(one_step([[1.0]]), broken, triples((0, 0, 1)), triples((0, 0, 1)), reciprocal=False)


def test_scores_beyond_float32_are_refused() -> None:
    compare = DistMult(std=1e30).build(1, 1, torch.Generator().manual_seed(0))
    with pytest.raises(DataError, match="beyond float32"), np.errstate(invalid="ignore", over="ignore"):
        rank_triples(
            compare, VECTORS * np.float32(1e30), triples((1, 0, 1)), triples((1, 0, 1)), reciprocal=False
        )


@pytest.mark.parametrize("rows", [(5, 0, 1), (0, 1, 1), (0, 0, 5), (-1, 0, 0)])
def test_triples_of_others_are_refused(rows: tuple[int, int, int]) -> None:
    with pytest.raises(GraphError, match="outside"):
        rank_triples(one_step([[1.0]]), VECTORS, triples(rows), triples((0, 0, 1)), reciprocal=False)
