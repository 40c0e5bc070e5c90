"""Whole rows: every source once, with all its destinations."""

from datetime import UTC, datetime

import numpy as np
import pytest

from embedding_features.graph import Graph
from embedding_features.graph.view import GraphView, View
from embedding_features.sampling import Rows

SRC = np.array([9, 3, 9, 5, 3, 3])
DST = np.array([2, 2, 1, 7, 1, 4])


@pytest.fixture
def view() -> GraphView:
    edges = {("user", "saw", "item"): (SRC, DST)}
    return View(weights="one").build(Graph.from_arrays(datetime(2026, 1, 1, tzinfo=UTC), edges))


def pairs_of(view: GraphView) -> set[tuple[int, int]]:
    triples = view.triples()
    return set(zip(triples.src.tolist(), triples.dst.tolist(), strict=True))


def test_an_epoch_has_every_source_once_with_all_its_destinations(view: GraphView) -> None:
    batches = list(Rows().epoch(view, 2, seed=1, epoch=4))
    assert [len(batch.src) for batch in batches] == [2, 1]
    assert Rows().steps(view, 2) == 2
    assert sorted(row for batch in batches for row in batch.src.tolist()) == [0, 1, 2]
    found = [
        (int(batch.src[anchor]), row)
        for batch in batches
        for anchor, row in zip(batch.of.tolist(), batch.dst.tolist(), strict=True)
    ]
    assert len(found) == len(SRC)
    assert set(found) == pairs_of(view)
    for batch in batches:
        assert batch.negatives.tolist() == [3, 4, 5, 6]
        assert int(batch.epoch) == int(batch.to("cpu").epoch) == 4
        assert batch.of.tolist() == sorted(batch.of.tolist())


def test_the_order_depends_on_seed_and_epoch_alone(view: GraphView) -> None:
    def order(seed: int, epoch: int) -> list[int]:
        return [row for batch in Rows().epoch(view, 1, seed=seed, epoch=epoch) for row in batch.src.tolist()]

    assert order(1, 1) == order(1, 1)
    assert len({tuple(order(1, epoch)) for epoch in range(12)}) > 1
    assert len({tuple(order(seed, 1)) for seed in range(12)}) > 1


def test_sources_whose_edges_are_held_out_are_passed_over(view: GraphView) -> None:
    left = view.without(view.triples().src == 1)
    assert [batch.src.tolist() for batch in Rows().epoch(left, 5, seed=0, epoch=1)] in ([[0, 2]], [[2, 0]])
    assert Rows().steps(left, 1) == 2


def test_a_relation_may_be_named(view: GraphView) -> None:
    assert Rows(relation="saw").steps(view, 1) == 3
