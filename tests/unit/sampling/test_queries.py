"""Queries with all their targets and shared candidates, against a list of the edges."""

from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from embedding_features.graph import Graph
from embedding_features.graph.view import GraphView, View
from embedding_features.sampling import Examples, Queries

RELATIONS = ("likes", "tagged", "follows")
Edge = tuple[int, int, int]


def random_view(seed: int = 0) -> GraphView:
    """Users like items, items have tags, users follow users; some pairs twice."""
    rng = np.random.default_rng(seed)
    ends = {("user", "likes", "item"): (25, 18, 90), ("item", "tagged", "tag"): (18, 6, 30)}
    ends["user", "follows", "user"] = (25, 25, 40)
    edges = {
        name: (rng.integers(0, src, count), rng.integers(0, dst, count))
        for name, (src, dst, count) in ends.items()
    }
    graph = Graph.from_arrays(datetime(2026, 1, 1, tzinfo=UTC), edges)
    return View(relations=RELATIONS, weights="one").build(graph)


def edges_of(view: GraphView) -> set[Edge]:
    """Every edge as (source, relation, target), and from its other side by the reciprocal relation."""
    found = set()
    for number, relation in enumerate(view.relations.values()):
        src, dst = view.span(relation.src).start, view.span(relation.dst).start
        for s, d in zip(relation.forward.sources(), relation.forward.indices, strict=True):
            found.add((int(s) + src, number, int(d) + dst))
            found.add((int(d) + dst, number + len(view.relations), int(s) + src))
    return found


def epoch_of(queries: Queries, view: GraphView, batch: int, seed: int = 0, epoch: int = 1) -> list[Examples]:
    return list(queries.epoch(view, batch, seed=seed, epoch=epoch))


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 1000), batch=st.integers(1, 60), candidates=st.sampled_from([None, 1, 7]))
def test_every_query_comes_once_with_all_its_targets(seed: int, batch: int, candidates: int | None) -> None:
    view = random_view(seed)
    expected, found, asked = edges_of(view), list[Edge](), list[tuple[int, int]]()
    for step in epoch_of(Queries(candidates=candidates), view, batch, seed):
        assert len(step.src) == len(step.relation) <= batch
        asked += zip(step.src.tolist(), step.relation.tolist(), strict=True)
        of = step.of.tolist()
        sources, relations = step.src[of].tolist(), step.relation[of].tolist()
        found += zip(sources, relations, step.dst.tolist(), strict=True)
    assert len(found) == len(expected)
    assert set(found) == expected
    assert len(asked) == len(set(asked)) == len({edge[:2] for edge in expected})


@pytest.mark.parametrize("candidates", [None, 1, 9])
def test_candidates_are_of_the_targets_type_and_hold_all_targets(candidates: int | None) -> None:
    view = random_view(1)
    for step in epoch_of(Queries(candidates=candidates), view, 8):
        (span,) = [s for s in map(view.span, view.nodes) if s.start <= int(step.dst[0]) < s.stop]
        shared = step.negatives.tolist()
        assert set(step.dst.tolist()) <= set(shared) <= set(range(span.start, span.stop))
        assert shared == sorted(set(shared))
        if candidates is None:
            assert shared == list(range(span.start, span.stop))
        else:
            assert len(shared) <= len(set(step.dst.tolist())) + candidates


@pytest.mark.parametrize("batch", [1, 7, 1000])
def test_steps_is_the_number_of_batches(batch: int) -> None:
    view = random_view(2)
    assert Queries().steps(view, batch) == len(epoch_of(Queries(), view, batch))


def test_an_epoch_is_a_function_of_seed_and_number() -> None:
    view, queries = random_view(3), Queries(candidates=4)
    first, same, later, other = (
        [x for step in epoch_of(queries, view, 9, *key) for x in (step.src, step.relation, step.negatives)]
        for key in ((5, 2), (5, 2), (5, 3), (6, 2))
    )
    assert all(a.equal(b) for a, b in zip(first, same, strict=True))
    for another in (later, other):
        assert any(not a.equal(b) for a, b in zip(first, another, strict=True))


def test_batches_of_node_types_are_mixed() -> None:
    """With all of one type first, the last steps of an epoch would forget the others."""
    view = random_view(4)
    types = [
        np.searchsorted([view.span(t).start for t in view.nodes], int(step.dst[0]), "right")
        for step in epoch_of(Queries(), view, 3)
    ]
    assert types != sorted(types)


def test_candidates_are_drawn_evenly() -> None:
    """Of users without edges to a query, each is drawn as often as the others, within four deviations."""
    view = random_view(5)
    span = view.span("user")
    counts, trials = np.zeros(span.stop), 0
    for epoch in range(1, 200):
        for step in epoch_of(Queries(candidates=3), view, 1, epoch=epoch):
            if span.start <= int(step.dst[0]) < span.stop:
                drawn = np.setdiff1d(step.negatives.numpy(), step.dst.numpy())
                counts[drawn] += 1
                trials += 1
    users = counts[span]
    assert trials > 1000
    assert np.abs(users / users.mean() - 1).max() < 0.25
