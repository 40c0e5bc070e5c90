"""The validation split holds out what it says, and the graph keeps no trace of it."""

from datetime import UTC, datetime

import numpy as np
import pytest

from embedding_features.errors import ConfigError, GraphError
from embedding_features.evaluate.holdout import Holdout, split_holdout
from embedding_features.graph import CSR, Graph

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def _graph(times: bool, seed: int = 0) -> Graph:
    rng = np.random.default_rng(seed)
    src, dst = rng.integers(0, 40, 2000), rng.integers(0, 60, 2000)
    views = (src, dst, rng.integers(0, 10**9, 2000)) if times else (src, dst)
    friends = (src[:300], (src[:300] + 1) % 40, rng.integers(0, 10**9, 300))
    return Graph.from_arrays(NOW, {("user", "views", "item"): views, ("user", "knows", "user"): friends})


def _pairs(csr: CSR) -> set[tuple[int, int]]:
    return set(zip(csr.sources().tolist(), csr.indices.tolist(), strict=True))


def _held(split: Holdout) -> set[tuple[int, int]]:
    pairs = list(zip(split.src.tolist(), split.dst.tolist(), strict=True))
    assert len(pairs) == len(set(pairs))
    return set(pairs)


def test_random_split_takes_the_share_of_each_source_and_every_edge_of_a_pair() -> None:
    graph = _graph(times=False)
    split = split_holdout(graph, "views", 0.2, seed=3)
    before, after = graph.relation("views").forward, split.graph.relation("views")
    held = _held(split)
    assert _pairs(after.forward) | held == _pairs(before)
    assert not _pairs(after.forward) & held
    assert {(u, i) for i, u in _pairs(after.reverse)} == _pairs(after.forward)
    for user in range(40):
        own = sum(u == user for u, _ in _pairs(before))
        assert abs(sum(u == user for u, _ in held) - 0.2 * own) < 1
    assert split.graph.relation("knows") is graph.relation("knows")


def test_short_histories_are_held_out_in_expectation_and_never_whole() -> None:
    users = 4000
    src, dst = np.repeat(np.arange(users), 2), np.arange(2 * users) % 7
    graph = Graph.from_arrays(NOW, {("user", "views", "item"): (src, dst)})
    split = split_holdout(graph, None, 0.1, seed=0)
    assert len(split.src) == pytest.approx(0.1 * 2 * users, rel=0.1)
    assert split.graph.relation().forward.degrees.min() == 1


def test_the_seed_decides() -> None:
    graph = _graph(times=False)
    one, again, other = (split_holdout(graph, "views", 0.2, seed=s) for s in (1, 1, 2))
    np.testing.assert_array_equal(one.dst, again.dst)
    assert _held(one) != _held(other)
    assert one.graph.fingerprint == again.graph.fingerprint != other.graph.fingerprint


def test_time_split_cuts_every_timed_relation_and_predicts_only_new_pairs() -> None:
    graph = _graph(times=True)
    split = split_holdout(graph, "views", 0.25, seed=0)
    kept = split.graph.relation("views").forward
    assert kept.edges == 1500
    assert kept.time is not None
    cut = int(kept.time.max())
    friends = split.graph.relation("knows")
    for csr in (kept, split.graph.relation("views").reverse, friends.forward, friends.reverse):
        assert csr.time is not None
        assert csr.time.max() <= cut
    all_views = graph.relation("views").forward
    assert all_views.time is not None
    late = all_views.time > cut
    later = set(zip(all_views.sources()[late].tolist(), all_views.indices[late].tolist(), strict=True))
    assert _held(split) == later - _pairs(kept)
    assert split.graph.as_of.timestamp() == pytest.approx(cut / 1e6)


def test_ties_stay_on_the_known_side() -> None:
    times = np.array([1, 2, 2, 2, 3])
    graph = Graph.from_arrays(NOW, {("user", "views", "item"): (np.zeros(5, int), np.arange(5), times)})
    assert _held(split_holdout(graph, None, 0.7, seed=0)) == {(0, 1), (0, 2), (0, 3), (0, 4)}
    assert _held(split_holdout(graph, None, 0.5, seed=0)) == {(0, 4)}


def test_mirrored_edges_of_one_node_type_go_too() -> None:
    a, b = np.arange(50), np.roll(np.arange(50), 1)
    both = (np.concatenate([a, b]), np.concatenate([b, a]))
    graph = Graph.from_arrays(NOW, {("user", "knows", "user"): both})
    split = split_holdout(graph, None, 0.3, seed=0)
    left = _pairs(split.graph.relation().forward)
    assert _held(split)
    assert not left & ({(v, u) for u, v in _held(split)} | _held(split))


def test_bad_splits_are_refused() -> None:
    with pytest.raises(ConfigError, match=r"1\.5 is not between"):
        split_holdout(_graph(times=True), "views", 1.5, seed=0)
    with pytest.raises(GraphError, match="no times"):
        split_holdout(_graph(times=False), "views", 0.1, seed=0, by="time")
    single = Graph.from_arrays(NOW, {("user", "views", "item"): (np.arange(3), np.arange(3))})
    with pytest.raises(GraphError, match="no new pair"):
        split_holdout(single, None, 0.5, seed=0)
