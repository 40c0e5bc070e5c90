"""CSR against plain lists: sorting, transposing, merging."""

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from embedding_features.errors import GraphError
from embedding_features.graph import CSR, Relation

ROWS, COLUMNS = 4, 3
EDGE = st.tuples(
    st.integers(0, ROWS - 1),
    st.integers(0, COLUMNS - 1),
    st.integers(-3, 3),
    st.sampled_from([-1.5, 0.0, 0.25, 2.0]),
)
EDGES = st.lists(EDGE, max_size=60)


def _csr(edges: list[tuple[int, int, int, float]], time: bool, weight: bool) -> CSR:
    src, dst, times, weights = (np.array(c) for c in zip(*edges, strict=True)) if edges else [np.empty(0)] * 4
    return CSR.from_edges(
        src.astype(np.int64),
        dst.astype(np.int64),
        (ROWS, COLUMNS),
        weights.astype(np.float32) if weight else None,
        times.astype(np.int64) if time else None,
    )


def _listed(csr: CSR) -> list[tuple[Any, ...]]:
    """(row, column, time, weight) as stored, zeros and ones where there is none."""
    time = np.zeros(csr.edges, np.int64) if csr.time is None else csr.time
    return list(
        zip(csr.sources().tolist(), csr.indices.tolist(), time.tolist(), csr.weights().tolist(), strict=True)
    )


def _plain(edges: list[tuple[int, int, int, float]], time: bool, weight: bool) -> list[tuple[Any, ...]]:
    return sorted((s, d, t if time else 0, w if weight else 1.0) for s, d, t, w in edges)


@given(EDGES, st.booleans(), st.booleans())
def test_rows_are_the_sorted_edges(edges: list[Any], time: bool, weight: bool) -> None:
    csr = _csr(edges, time, weight)
    assert _listed(csr) == _plain(edges, time, weight)
    assert csr.indptr.tolist() == [sum(s < row for s, *_ in edges) for row in range(ROWS + 1)]
    assert csr.degrees.tolist() == [sum(s == row for s, *_ in edges) for row in range(ROWS)]
    assert (csr.rows, csr.columns, csr.edges) == (ROWS, COLUMNS, len(edges))
    assert csr.pairs() == len({(s, d) for s, d, *_ in edges})
    assert (csr.time is None, csr.weight is None) == (not time, not weight)
    assert (csr.indptr.dtype, csr.indices.dtype) == (np.int64, np.int32)


@given(EDGES, st.booleans(), st.booleans())
def test_the_transpose_holds_the_same_edges_and_is_its_own_inverse(
    edges: list[Any], time: bool, weight: bool
) -> None:
    csr = _csr(edges, time, weight)
    turned = csr.transposed()
    assert _listed(turned) == _plain([(d, s, t, w) for s, d, t, w in edges], time, weight)
    assert (turned.rows, turned.columns) == (COLUMNS, ROWS)
    assert _listed(turned.transposed()) == _listed(csr)


@given(EDGES)
def test_a_relation_is_the_same_both_ways(edges: list[Any]) -> None:
    csr = _csr(edges, True, True)
    assert csr.time is not None
    relation = Relation.from_edges(
        "r", "a", "b", csr.sources(), csr.indices, (ROWS, COLUMNS), csr.weight, csr.time
    )
    assert _listed(relation.forward) == _listed(csr)
    assert _listed(relation.reverse) == _listed(csr.transposed())


@given(EDGES, st.booleans(), st.booleans(), st.sampled_from(["sum", "last"]))
def test_merging_leaves_one_edge_a_pair(edges: list[Any], time: bool, weight: bool, how: Any) -> None:
    by_pair: dict[tuple[int, int], list[tuple[Any, ...]]] = {}
    for s, d, t, w in _plain(edges, time, weight):
        by_pair.setdefault((s, d), []).append((t, w))
    expected = [
        (s, d, max(group)[0], math.fsum(w for _, w in group) if how == "sum" else max(group)[1])
        for (s, d), group in by_pair.items()
    ]
    merged = _csr(edges, time, weight).merged(how)
    assert _listed(merged) == expected
    assert (merged.time is None) == (not time)
    # One edge a pair and no weights: that is what it was.
    counted = how == "sum" and len(by_pair) < len(edges)
    assert (merged.weight is None) == (not weight and not counted)


@pytest.mark.parametrize(
    ("src", "dst", "message"),
    [
        ([0, 4], [0, 0], r"src index 0\.\.4 outside 0\.\.3"),
        ([0, 1], [-1, 0], r"dst index -1\.\.0 outside 0\.\.2"),
        ([0], [0, 1], r"different lengths \[1, 2\]"),
    ],
)
def test_unfit_edges_are_refused(src: list[int], dst: list[int], message: str) -> None:
    with pytest.raises(GraphError, match=message):
        CSR.from_edges(np.array(src), np.array(dst), (ROWS, COLUMNS))


def test_more_nodes_than_int32_are_refused() -> None:
    none = np.empty(0, np.int64)
    with pytest.raises(GraphError, match="at most 2147483647"):
        CSR.from_edges(none, none, (1, 2**31))
