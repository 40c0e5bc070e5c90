"""The bipartite view: merged pairs, the symmetric norm, both directions alike."""

from datetime import UTC, datetime

import numpy as np
import pytest

from embedding_features.arrays import F32, I64
from embedding_features.errors import GraphError
from embedding_features.graph import CSR, Graph, Relation, Vocabulary
from embedding_features.graph.views import Bipartite


def _graph(
    src: list[int],
    dst: list[int],
    weight: list[float] | None = None,
    time: list[int] | None = None,
    shape: tuple[int, int] = (3, 4),
) -> Graph:
    relation = Relation.from_edges(
        "likes",
        "user",
        "item",
        np.array(src, np.int64),
        np.array(dst, np.int64),
        shape,
        None if weight is None else np.array(weight, np.float32),
        None if time is None else np.array(time, np.int64),
    )
    vocabularies = {
        "user": Vocabulary.from_ids(np.arange(shape[0])),
        "item": Vocabulary.from_ids(np.arange(shape[1])),
    }
    return Graph(datetime(2026, 1, 1, tzinfo=UTC), vocabularies, {"likes": relation})


def _dense(csr: CSR) -> F32:
    out = np.zeros((csr.rows, csr.columns), np.float32)
    np.add.at(out, (csr.sources(), csr.indices), csr.weights())
    return out


def test_duplicates_are_summed_with_their_last_time() -> None:
    graph = _graph([0, 0, 0, 2, 2], [1, 1, 3, 0, 0], [1, 2, 5, 4, 0.5], [30, 10, 20, 7, 9])
    view = Bipartite(relation="likes").build(graph)
    assert view.forward.indptr.tolist() == [0, 2, 2, 3]
    assert view.forward.indices.tolist() == [1, 3, 0]
    assert view.forward.weights().tolist() == [3, 5, 4.5]
    assert view.forward.time is not None
    assert view.forward.time.tolist() == [30, 20, 9]
    assert (view.src_type, view.dst_type, view.relation) == ("user", "item", "likes")


@pytest.mark.parametrize("time", [None, [4, 3, 2, 1]])
def test_without_weights_a_pair_counts_once(time: list[int] | None) -> None:
    graph = _graph([0, 0, 0, 1], [1, 1, 2, 1], [9, 9, 9, 9], time)
    assert Bipartite(use_weights=False).build(graph).forward.weights().tolist() == [1, 1, 1]
    unweighted = _graph([0, 0, 0, 1], [1, 1, 2, 1], None, time)
    assert Bipartite().build(unweighted).forward.weights().tolist() == [2, 1, 1]


def test_symmetric_norm_golden() -> None:
    """User 0 has items 0 and 1, user 1 has item 1: degrees 2, 1 and 1, 2."""
    view = Bipartite(norm="symmetric").build(_graph([0, 0, 1], [0, 1, 1]))
    assert view.forward.weights() == pytest.approx([2**-0.5, 0.5, 2**-0.5])
    assert view.forward.weights().dtype == np.float32


def test_symmetric_norm_has_spectral_norm_one_and_ignores_zero_weights() -> None:
    rng = np.random.default_rng(0)
    src, dst = rng.integers(0, 30, 200), rng.integers(0, 40, 200)
    weight = rng.integers(0, 3, 200).astype(float)
    graph = _graph(src.tolist(), dst.tolist(), weight.tolist(), shape=(30, 40))
    dense = _dense(Bipartite(norm="symmetric").build(graph).forward)
    assert np.linalg.norm(dense, 2) == pytest.approx(1, abs=1e-6)


def test_reverse_is_the_transpose() -> None:
    rng = np.random.default_rng(1)
    src, dst, time = rng.integers(0, 20, 300), rng.integers(0, 15, 300), rng.integers(0, 99, 300)
    graph = _graph(src.tolist(), dst.tolist(), rng.random(300).tolist(), time.tolist(), (20, 15))
    for norm in ("none", "symmetric"):
        view = Bipartite.model_validate({"norm": norm}).build(graph)
        np.testing.assert_array_equal(_dense(view.reverse), _dense(view.forward).T)
        assert (np.diff(view.reverse.indices) > 0).sum() >= view.reverse.edges - view.reverse.rows
        assert view.reverse.time is not None
        last: dict[tuple[int, int], int] = {}
        for u, i, t in zip(src.tolist(), dst.tolist(), time.tolist(), strict=True):
            last[i, u] = max(t, last.get((i, u), -1))
        got = zip(view.reverse.sources().tolist(), view.reverse.indices.tolist(), strict=True)
        assert view.reverse.time.tolist() == [last[pair] for pair in got]


def test_transpose_twice_is_the_same() -> None:
    empty: I64 = np.zeros(0, np.int64)
    for src, dst in ((empty, empty), (np.array([2, 0, 0]), np.array([1, 1, 0]))):
        csr = CSR.from_edges(src, dst, (3, 2))
        back = csr.transposed().transposed()
        np.testing.assert_array_equal(back.indptr, csr.indptr)
        np.testing.assert_array_equal(back.indices, csr.indices)
        assert back.columns == csr.columns


def test_a_relation_is_not_altered_by_its_view() -> None:
    graph = _graph([0, 0, 1], [0, 1, 1], [1, 2, 3])
    Bipartite(norm="symmetric").build(graph)
    assert graph.relation().forward.weights().tolist() == [1, 2, 3]


@pytest.mark.parametrize(
    ("graph", "view", "message"),
    [
        (_graph([], []), Bipartite(), "no edges"),
        (_graph([0], [0]), Bipartite(relation="buys"), "no relation 'buys'"),
        (_graph([0], [0], [-1.0]), Bipartite(norm="symmetric"), "negative weight -1.0"),
        (_graph([0], [0], [float("nan")]), Bipartite(), "NaN"),
    ],
)
def test_bad_relations_are_refused(graph: Graph, view: Bipartite, message: str) -> None:
    with pytest.raises(GraphError, match=message):
        view.build(graph)
