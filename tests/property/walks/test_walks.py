"""Walks over random graphs: each step is along an edge, and only a node without a next one ends a walk."""

from itertools import pairwise

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from embedding_features.arrays import I32
from embedding_features.graph.csr import CSR
from embedding_features.walks import BiasedWalks, TemporalWalks, UniformWalks

NODES = 6
PAIR = st.tuples(st.integers(0, NODES - 1), st.integers(0, NODES - 1))
#: distinct pairs, so that two nodes tell which edge was taken; of each a time and a weight
EDGES = st.dictionaries(PAIR, st.tuples(st.integers(-3, 3), st.sampled_from([0.0, 1.0, 2.5])), max_size=20)
SEED = st.integers(0, 2**63 - 1)


def csr_of(edges: dict[tuple[int, int], tuple[int, float]]) -> CSR:
    pairs = np.array(list(edges), np.int64).reshape(-1, 2)
    times, weights = np.array(list(edges.values()), np.float64).reshape(-1, 2).T
    shape = (NODES, NODES)
    return CSR.from_edges(*pairs.T, shape, weights.astype(np.float32), times.astype(np.int64))


def steps_of(walk: I32) -> list[tuple[int, int]]:
    """The pairs of a walk, once it is checked that nothing comes behind its end."""
    length = int((walk >= 0).sum())
    assert (walk[length:] == -1).all()
    nodes = walk[:length].tolist()
    return list(pairwise(nodes))


@settings(max_examples=60, deadline=None)
@given(EDGES, SEED, st.sampled_from([0.01, 1.0, 30.0]), st.sampled_from([0.01, 1.0, 30.0]))
def test_walks_keep_to_edges(
    edges: dict[tuple[int, int], tuple[int, float]], seed: int, p: float, q: float
) -> None:
    taken = {pair for pair, (_, weight) in edges.items() if weight > 0}
    leaving = {source for source, _ in taken}
    for walks in (UniformWalks(length=12), BiasedWalks(length=12, p=p, q=q)):
        walker = walks.over(csr_of(edges))
        assert set(walker.starts.tolist()) == leaving
        for start, walk in enumerate(walker.draw(np.arange(NODES), seed=seed)):
            assert walk[0] == start
            assert set(steps_of(walk)) <= taken
            assert (walk >= 0).all() or walk[walk >= 0][-1] not in leaving


@settings(max_examples=60, deadline=None)
@given(EDGES, SEED)
def test_walks_in_time_never_step_back(edges: dict[tuple[int, int], tuple[int, float]], seed: int) -> None:
    walker = TemporalWalks(length=12).over(csr_of(edges))
    for walk in walker.draw(np.arange(NODES), seed=seed):
        steps = steps_of(walk)
        times = [edges[step][0] for step in steps]
        assert times == sorted(times)
        assert all(edges[step][1] > 0 for step in steps)
        now, last = max(times, default=-9), walk[walk >= 0][-1]
        later = [pair for pair, (time, weight) in edges.items() if pair[0] == last and time >= now and weight]
        assert (walk >= 0).all() or not later
