"""Labels, nodes by themselves and pairs of walks, as what a step learns from."""

from datetime import UTC, datetime

import numpy as np
import torch

from embedding_features.graph import Graph
from embedding_features.graph.view import GraphView, View
from embedding_features.sampling import Examples, Labelled, Nodes, WalkPairs


def ring() -> GraphView:
    """Papers 0 … 9 on a ring, of whom 2, 5 and 7 have the fields 0, 1 and 0; field 2 is of nobody here."""
    nodes = np.arange(10)
    edges = {
        ("paper", "cites", "paper"): (nodes, (nodes + 1) % 10),
        ("paper", "is_about", "field"): (np.array([2, 5, 7]), np.array([0, 1, 0])),
        ("paper", "validated", "field"): (np.array([3]), np.array([2])),
    }
    graph = Graph.from_arrays(datetime(2026, 1, 1, tzinfo=UTC), edges)
    return View(relations=("cites", "is_about"), nodes="all").build(graph)


def epoch(sampler: Labelled | Nodes | WalkPairs, size: int, number: int = 1) -> list[Examples]:
    return list(sampler.epoch(ring(), size, seed=0, epoch=number))


def test_each_labelled_node_comes_once_with_all_labels() -> None:
    sampler = Labelled(relation="is_about")
    batches = epoch(sampler, 2)
    assert len(batches) == sampler.steps(ring(), 2) == 2
    pairs = {(int(s), int(d)) for b in batches for s, d in zip(b.src, b.dst, strict=True)}
    assert pairs == {(2, 10), (5, 11), (7, 10)}
    assert all(batch.negatives.tolist() == [10, 11, 12] for batch in batches)


def test_nodes_come_once_each_in_another_order_every_epoch() -> None:
    one, other = (torch.cat([b.src for b in epoch(Nodes(), 5, n)]) for n in (1, 2))
    assert sorted(one.tolist()) == sorted(other.tolist()) == list(range(13))
    assert one.tolist() != other.tolist()
    assert len(epoch(Nodes(), 5)) == Nodes().steps(ring(), 5) == 3


def test_pairs_are_nodes_that_a_short_walk_passes() -> None:
    """On a ring alone, a node of k steps is at most k away, and never the start itself."""
    nodes = np.arange(10)
    graph = Graph.from_arrays(
        datetime(2026, 1, 1, tzinfo=UTC), {("p", "cites", "p"): (nodes, (nodes + 1) % 10)}
    )
    view, sampler = View().build(graph), WalkPairs(length=3, count=7)
    seen = []
    for number in range(1, 20):
        batches = list(sampler.epoch(view, 8, seed=0, epoch=number))
        assert 1 <= len(batches) <= sampler.steps(view, 8) == 4
        assert all(batch.negatives.shape == (7,) for batch in batches)
        seen += [(int(s), int(d)) for b in batches for s, d in zip(b.src, b.dst, strict=True)]
    distance = {min((s - d) % 10, (d - s) % 10) for s, d in seen}
    assert distance == {1, 2, 3}
    assert {s for s, _ in seen} == set(range(10))
