"""Adjacency of several relations and its norm, against dense sums over random graphs."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from embedding_features.errors import GraphError
from embedding_features.graph import CSR, Relation
from embedding_features.graph.adjacency import joined_adjacency, symmetric

#: node type → rows of a space of 15
STARTS = {"item": 0, "user": 4, "tag": 12}
COUNTS = {"item": 4, "user": 8, "tag": 3}
ENDS = [("user", "item"), ("item", "user"), ("user", "user"), ("item", "tag")]


def relation_of(seed: int, ends: tuple[str, str], edges: int, weighted: bool) -> Relation:
    rng = np.random.default_rng(seed)
    src, dst = (rng.integers(0, COUNTS[end], edges) for end in ends)
    weight = rng.integers(1, 9, edges).astype(np.float32) if weighted else None
    return Relation.from_edges("r", *ends, src, dst, (COUNTS[ends[0]], COUNTS[ends[1]]), weight)


def dense(csr: CSR) -> np.ndarray:
    out = np.zeros((csr.rows, csr.columns))
    np.add.at(out, (csr.sources(), csr.indices), csr.weights())
    return out


def naive(relations: list[Relation]) -> np.ndarray:
    out = np.zeros((15, 15))
    for relation in relations:
        edges = relation.forward
        for src, dst, weight in zip(edges.sources(), edges.indices, edges.weights(), strict=True):
            a, b = src + STARTS[relation.src], dst + STARTS[relation.dst]
            out[a, b] += weight
            out[b, a] += weight
    return out


def joined(relations: list[Relation], norm: str = "none") -> CSR:
    starts = [(STARTS[r.src], STARTS[r.dst]) for r in relations]
    return joined_adjacency(relations, starts, 15, norm)


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 1000),
    ends=st.lists(st.sampled_from(ENDS), min_size=1, max_size=4),
    edges=st.integers(0, 25),
    weighted=st.booleans(),
)
def test_it_is_the_sum_of_both_directions_of_all_relations(
    seed: int, ends: list[tuple[str, str]], edges: int, weighted: bool
) -> None:
    """A loop of one node counts in both directions."""
    relations = [relation_of(seed + n, each, edges, weighted) for n, each in enumerate(ends)]
    matrix = joined(relations)
    np.testing.assert_array_equal(dense(matrix), naive(relations))
    assert (matrix.rows, matrix.columns) == (15, 15)


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 1000), several=st.booleans(), edges=st.integers(1, 25))
def test_the_symmetric_norm_is_that_of_the_paper_and_symmetric_to_the_last_bit(
    seed: int, several: bool, edges: int
) -> None:
    relations = [
        relation_of(seed + n, ends, edges, True) for n, ends in enumerate(ENDS if several else ENDS[:1])
    ]
    sums = naive(relations)
    degrees = sums.sum(1)
    root = np.divide(1, np.sqrt(degrees), out=np.zeros(15), where=degrees > 0)
    found = dense(joined(relations, "symmetric"))
    np.testing.assert_allclose(found, root[:, None] * sums * root, rtol=1e-5)
    np.testing.assert_array_equal(found, found.T)


def test_a_node_whose_weights_are_all_zero_has_none() -> None:
    zero = Relation.from_edges(
        "r", "user", "item", np.array([0, 1]), np.array([0, 1]), (8, 4), np.array([0, 2], np.float32)
    )
    assert dense(joined([zero], "symmetric")).sum() == 2  # of user 1 and item 1, √(2 · 2) = 2


def test_a_negative_weight_has_no_root() -> None:
    matrix = CSR.from_edges(np.array([0, 1]), np.array([1, 0]), (2, 2), np.array([-3, -3], np.float32))
    with pytest.raises(GraphError, match=r"negative weight -3\.0.*\n.*relation of their own"):
        symmetric(matrix)
