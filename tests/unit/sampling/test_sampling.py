"""Positive pairs and their negatives."""

from datetime import UTC, datetime

import numba
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import chisquare

from embedding_features.graph import Graph
from embedding_features.graph.view import GraphView, View
from embedding_features.sampling import Pairs, Popularity, Uniform
from embedding_features.sampling.alias_table import alias_table


def view_of(src: np.ndarray, dst: np.ndarray) -> GraphView:
    graph = Graph.from_arrays(datetime(2026, 1, 1, tzinfo=UTC), {("user", "saw", "item"): (src, dst)})
    return View(nodes="all").build(graph)


def random_view(seed: int = 0, users: int = 40, items: int = 30, edges: int = 300) -> GraphView:
    rng = np.random.default_rng(seed)
    return view_of(rng.integers(0, users, edges), rng.integers(0, items, edges))


def whole_epoch(pairs: Pairs, view: GraphView, batch: int, seed: int = 0, epoch: int = 1) -> list[np.ndarray]:
    batches = list(pairs.epoch(view, batch, seed=seed, epoch=epoch))
    found = [torch.cat([getattr(b, f) for b in batches]).numpy() for f in ("src", "dst", "negatives")]
    first = view.span(view.matrix().dst).start  # rows of items are counted from the first item below
    return [found[0], found[1] - first, found[2] - first]


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 2**32), count=st.integers(1, 3), batch=st.integers(1, 500))
def test_every_pair_once_and_no_negative_is_known(seed: int, count: int, batch: int) -> None:
    view = random_view(seed % 1000)
    src, dst, negatives = whole_epoch(Pairs(negatives=Uniform(count=count)), view, batch, seed)
    known = set(
        zip(view.matrix().forward.sources().tolist(), view.matrix().forward.indices.tolist(), strict=True)
    )
    assert sorted(zip(src.tolist(), dst.tolist(), strict=True)) == sorted(known)
    assert negatives.shape == (len(src), count)
    assert not known & {(s, n) for s, row in zip(src.tolist(), negatives.tolist(), strict=True) for n in row}
    assert negatives.min() >= 0
    assert negatives.max() < view.matrix().reverse.rows


def test_an_epoch_is_a_function_of_seed_and_epoch_not_of_batches_or_threads() -> None:
    view, pairs = random_view(), Pairs(negatives=Popularity(count=2))
    first = whole_epoch(pairs, view, 64)
    threads = numba.get_num_threads()
    try:
        numba.set_num_threads(1)
        assert all(np.array_equal(a, b) for a, b in zip(first, whole_epoch(pairs, view, 7), strict=True))
    finally:
        numba.set_num_threads(threads)
    for other in (whole_epoch(pairs, view, 64, seed=1), whole_epoch(pairs, view, 64, epoch=2)):
        assert not np.array_equal(first[0], other[0])
        assert not np.array_equal(first[2], other[2])


def test_steps_is_the_number_of_batches() -> None:
    view = random_view()
    for batch in (1, 7, view.matrix().forward.edges, view.matrix().forward.edges + 1):
        assert Pairs().steps(view, batch) == len(list(Pairs().epoch(view, batch, seed=0, epoch=1)))


@pytest.mark.parametrize("negatives", [Uniform(count=20), Popularity(count=20, alpha=0.75)])
def test_negatives_follow_their_distribution(negatives: Uniform | Popularity) -> None:
    """Users 0..999 know item 0 alone; items 1..10 of degree 1, 4 … 100 are drawn as stated (chi-square)."""
    extra = np.repeat(np.arange(1, 11), np.arange(1, 11) ** 2)
    src = np.concatenate([np.arange(1000), 1000 + np.arange(len(extra))])
    view = view_of(src, np.concatenate([np.zeros(1000, np.int64), extra]))
    drawn_for, _, drawn = whole_epoch(Pairs(negatives=negatives), view, 4096)
    counts = np.bincount(drawn[drawn_for < 1000].ravel(), minlength=11)[1:]
    weight = np.ones(10) if isinstance(negatives, Uniform) else (np.arange(1, 11.0) ** 2) ** 0.75
    assert counts.sum() == 20_000
    assert chisquare(counts, weight / weight.sum() * counts.sum()).pvalue > 1e-3


def test_a_source_joined_to_everything_does_not_hang() -> None:
    view = view_of(np.repeat([0, 1], [5, 1]), np.array([0, 1, 2, 3, 4, 0]))
    src, _, negatives = whole_epoch(Pairs(negatives=Uniform(count=3)), view, 10)
    assert ((negatives[src == 0] >= 0) & (negatives[src == 0] < 5)).all()
    assert (negatives[src == 1] > 0).all()


@settings(max_examples=50, deadline=None)
@given(st.lists(st.floats(0, 100), min_size=1, max_size=60).filter(lambda w: sum(w) > 1e-3))
def test_alias_table_holds_the_distribution(weights: list[float]) -> None:
    expected = np.array(weights) / np.sum(weights)
    keep, alias = alias_table(np.array(weights))
    held = keep / len(keep)
    np.add.at(held, alias, (1 - keep) / len(keep))
    np.testing.assert_allclose(held, expected, atol=1e-9)


def test_popularity_weights() -> None:
    np.testing.assert_allclose(Popularity(alpha=0.5).weights(np.array([0, 1, 4, 9])), [0, 1, 2, 3])
    np.testing.assert_allclose(Uniform().weights(np.array([0, 1, 4])), [1, 1, 1])
