"""Known positives among shared negatives, against a double loop."""

import numpy as np
import pytest

from embedding_features.graph.csr import CSR
from embedding_features.sampling import Examples, InBatchPairs
from embedding_features.sampling.known_pairs import known_pairs
from tests.unit.sampling.test_sampling import random_view


@pytest.mark.parametrize("seed", range(5))
def test_pairs_are_those_of_a_double_loop(seed: int) -> None:
    """Sources without edges and negatives that stand several times among them."""
    rng = np.random.default_rng(seed)
    edges = sorted(
        {(int(u), int(i)) for u, i in zip(rng.integers(0, 9, 30), rng.integers(0, 12, 30), strict=True)}
    )
    known = CSR.from_edges(*np.array(edges).T, (11, 14))
    src, shared = rng.integers(0, 11, 20).astype(np.int32), rng.integers(0, 14, 25)
    rows, columns = known_pairs(known, src, shared)
    expected = {
        (row, column)
        for row, source in enumerate(src.tolist())
        for column, item in enumerate(shared.tolist())
        if (source, item) in edges
    }
    assert set(zip(rows.tolist(), columns.tolist(), strict=True)) == expected
    assert len(rows) == len(expected)
    assert (np.diff(rows) >= 0).all()


def test_none_where_nothing_is_shared() -> None:
    known = CSR.from_edges(np.array([0]), np.array([1]), (1, 2))
    rows, columns = known_pairs(known, np.zeros(3, np.int32), np.zeros(4, np.int64))
    assert len(rows) == len(columns) == 0


def test_a_batch_leaves_out_what_its_sources_know() -> None:
    view = random_view()
    known = view.matrix().forward
    first = view.span(view.matrix().dst).start
    pairs = set(zip(known.sources().tolist(), (known.indices + first).tolist(), strict=True))
    for one in InBatchPairs(count=20).epoch(view, 64, seed=0, epoch=1):
        assert one.left_out is not None
        told = set(zip(*one.left_out.tolist(), strict=True))
        assert told == left_out_of(one, pairs)


def left_out_of(one: Examples, pairs: set[tuple[int, int]]) -> set[tuple[int, int]]:
    """Return rows and columns of a batch that are known pairs."""
    return {
        (row, column)
        for row, source in enumerate(one.src.tolist())
        for column, item in enumerate(one.negatives.tolist())
        if (source, item) in pairs
    }
