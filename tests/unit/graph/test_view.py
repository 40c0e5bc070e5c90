"""Views: merged pairs, one row space, adjacency and its norm, triples."""

from datetime import UTC, datetime

import numpy as np
import pytest

from embedding_features.arrays import F32, I64
from embedding_features.errors import GraphError
from embedding_features.graph import CSR, Graph, Relation, Vocabulary
from embedding_features.graph.view import View


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


def _several() -> Graph:
    """Users like items, items have tags, users follow users; user 2, item 1 and tag 0 have no edges."""
    likes = _graph([0, 1, 3], [0, 2, 2], [2, 1, 4], shape=(4, 3))
    none = None
    tagged = Relation.from_edges("tagged", "item", "tag", np.array([0, 2]), np.array([1, 1]), (3, 2), none)
    follows = Relation.from_edges("follows", "user", "user", np.array([0, 0]), np.array([1, 1]), (4, 4), none)
    vocabularies = {**likes.vocabularies, "tag": Vocabulary.from_ids(np.arange(2))}
    relations = {**likes.relations, "tagged": tagged, "follows": follows}
    return Graph(likes.as_of, vocabularies, relations)


def _dense(csr: CSR) -> F32:
    out = np.zeros((csr.rows, csr.columns), np.float32)
    np.add.at(out, (csr.sources(), csr.indices), csr.weights())
    return out


def test_duplicates_are_summed_with_their_last_time() -> None:
    graph = _graph([0, 0, 0, 2, 2], [1, 1, 3, 0, 0], [1, 2, 5, 4, 0.5], [30, 10, 20, 7, 9])
    matrix = View.of("likes", nodes="all").build(graph).matrix()
    assert matrix.forward.indptr.tolist() == [0, 2, 2, 3]
    assert matrix.forward.indices.tolist() == [1, 3, 0]
    assert matrix.forward.weights().tolist() == [3, 5, 4.5]
    assert matrix.forward.time is not None
    assert matrix.forward.time.tolist() == [30, 20, 9]
    assert (matrix.src, matrix.dst, matrix.name) == ("user", "item", "likes")
    last = View.of("likes", nodes="all", weights="last").build(graph).matrix()
    assert last.forward.weights().tolist() == [1, 5, 0.5]
    each = View.of("likes", nodes="all", weights="each").build(graph).matrix()
    assert each.forward is graph.relation().forward  # nothing is copied


@pytest.mark.parametrize("time", [None, [4, 3, 2, 1]])
def test_without_weights_a_pair_counts_once(time: list[int] | None) -> None:
    graph = _graph([0, 0, 0, 1], [1, 1, 2, 1], [9, 9, 9, 9], time)
    assert View(weights="one").build(graph).matrix().forward.weights().tolist() == [1, 1, 1]
    unweighted = _graph([0, 0, 0, 1], [1, 1, 2, 1], None, time)
    assert View().build(unweighted).matrix().forward.weights().tolist() == [2, 1, 1]


def test_pairs_that_stand_once_are_not_copied() -> None:
    graph = _graph([0, 1, 2], [0, 1, 3], [1, 2, 3])
    view = View(nodes="all").build(graph)
    assert view.matrix().forward is graph.relation().forward
    assert view.matrix().reverse is graph.relation().reverse


def test_reverse_is_the_transpose() -> None:
    rng = np.random.default_rng(1)
    src, dst, time = rng.integers(0, 20, 300), rng.integers(0, 15, 300), rng.integers(0, 99, 300)
    graph = _graph(src.tolist(), dst.tolist(), rng.random(300).tolist(), time.tolist(), (20, 15))
    matrix = View(nodes="all").build(graph).matrix()
    np.testing.assert_array_equal(_dense(matrix.reverse), _dense(matrix.forward).T)
    assert (np.diff(matrix.reverse.indices) > 0).sum() >= matrix.reverse.edges - matrix.reverse.rows
    assert matrix.reverse.time is not None
    last: dict[tuple[int, int], int] = {}
    for u, i, t in zip(src.tolist(), dst.tolist(), time.tolist(), strict=True):
        last[i, u] = max(t, last.get((i, u), -1))
    got = zip(matrix.reverse.sources().tolist(), matrix.reverse.indices.tolist(), strict=True)
    assert matrix.reverse.time.tolist() == [last[pair] for pair in got]


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
    View().build(graph).adjacency(norm="symmetric")
    assert graph.relation().forward.weights().tolist() == [1, 2, 3]


def test_all_types_share_one_row_space_without_nodes_of_no_edge() -> None:
    view = View().build(_several())
    assert view.counts == {"user": 3, "item": 2, "tag": 1}
    assert view.size == 6
    assert [view.nodes[t].rows.tolist() for t in view.nodes] == [[0, 1, 3], [0, 2], [1]]
    assert [view.span(t) for t in view.nodes] == [slice(0, 3), slice(3, 5), slice(5, 6)]
    assert view.relation("follows").forward.rows == 3
    every = View(nodes="all").build(_several())
    assert every.counts == {"user": 4, "item": 3, "tag": 2}


def test_adjacency_has_both_directions_of_every_relation() -> None:
    view = View().build(_several())
    expected = np.zeros((6, 6))
    for a, b, w in ((0, 3, 2), (1, 4, 1), (2, 4, 4), (3, 5, 1), (4, 5, 1), (0, 1, 2)):
        expected[a, b] = expected[b, a] = w
    np.testing.assert_array_equal(_dense(view.adjacency()), expected)
    likes = _dense(view.adjacency(["likes"]))
    np.testing.assert_array_equal(likes[:3, 3:5], expected[:3, 3:5])
    assert likes.sum() == 14


def test_the_matrix_of_one_relation_and_of_the_general_way_are_the_same() -> None:
    """Both ways, with the destinations' rows before the sources' as well."""
    graph = _several()
    view = View(relations=("tagged", "likes")).build(graph)  # items, tags, users
    one = view.adjacency(["likes"])
    both = view.adjacency()
    np.testing.assert_array_equal(_dense(one) + _dense(view.adjacency(["tagged"])), _dense(both))
    assert (np.diff(one.indptr) >= 0).all()


def test_symmetric_norm_golden() -> None:
    """User 0 has items 0 and 1, user 1 has item 1: degrees 2, 1 and 1, 2."""
    matrix = View().build(_graph([0, 0, 1], [0, 1, 1])).adjacency(norm="symmetric")
    assert matrix.weights()[:3] == pytest.approx([2**-0.5, 0.5, 2**-0.5])
    assert matrix.weights().dtype == np.float32
    np.testing.assert_array_equal(_dense(matrix), _dense(matrix).T)


def test_symmetric_norm_has_spectral_norm_one_and_ignores_zero_weights() -> None:
    rng = np.random.default_rng(0)
    src, dst = rng.integers(0, 30, 200), rng.integers(0, 40, 200)
    weight = rng.integers(0, 3, 200).astype(float)
    graph = _graph(src.tolist(), dst.tolist(), weight.tolist(), shape=(30, 40))
    dense = _dense(View().build(graph).adjacency(norm="symmetric"))
    assert np.linalg.norm(dense, 2) == pytest.approx(1, abs=1e-6)


def test_triples_are_rows_of_the_view() -> None:
    triples = View().build(_several()).triples()
    found = list(zip(*(column.tolist() for column in triples), strict=True))
    assert found == [(0, 0, 3), (1, 0, 4), (2, 0, 4), (3, 1, 5), (4, 1, 5), (0, 2, 1)]
    left = View().build(_several()).without(np.array([0, 1, 0, 0, 0, 1], bool))
    assert [len(column) for column in left.triples()] == [4, 4, 4]
    assert left.triples().src.tolist() == [0, 2, 3, 4]
    assert left.relation("likes").reverse.edges == 2


def test_the_nodes_of_an_earlier_view_can_be_taken_over() -> None:
    whole = View().build(_several())
    less = _several()
    likes = less.relations["likes"]
    one = Relation.from_edges("likes", "user", "item", np.array([3]), np.array([2]), (4, 3))
    graph = Graph(less.as_of, less.vocabularies, {**less.relations, "likes": one})
    again = View().build(graph, whole.nodes)
    assert again.nodes is whole.nodes
    assert again.relation("likes").forward.rows == whole.relation("likes").forward.rows == 3
    assert likes.forward.rows == 4
    assert again.triples().src.tolist()[0] == 2


def test_renumbered_edges_join_the_same_nodes() -> None:
    view = View.of("likes").build(_several())
    rows = {"user": np.array([4, 0, 2]), "item": np.array([1, 0])}
    again = view.renumbered(rows, {"user": 5, "item": 2})
    assert again.counts == {"user": 5, "item": 2}
    dense = _dense(again.matrix().forward)
    assert dense[4, 1] == 2
    assert dense[0, 0] == 1
    assert dense[2, 0] == 4
    assert dense.sum() == 7


@pytest.mark.parametrize(
    ("graph", "view", "message"),
    [
        (_graph([], []), View(), "no edges"),
        (_graph([0], [0]), View.of("buys"), "no relation 'buys'"),
        (_graph([0], [0], [float("nan")]), View(), "NaN"),
        (_several(), View(relations="only"), r"no relation None[\s\S]*'follows', 'likes', 'tagged'"),
    ],
)
def test_bad_relations_are_refused(graph: Graph, view: View, message: str) -> None:
    with pytest.raises(GraphError, match=message):
        view.build(graph)


def test_what_a_view_cannot_give_is_refused() -> None:
    negative = View().build(_graph([0], [0], [-1.0]))
    with pytest.raises(GraphError, match=r"negative weight -1.0"):
        negative.adjacency(norm="symmetric")
    with pytest.raises(GraphError, match="'follows' joins 'user' with itself"):
        View.of("follows").build(_several()).matrix()
    with pytest.raises(GraphError, match="no relation 'buys' in the view"):
        View().build(_several()).relation("buys")
    with pytest.raises(ValueError, match="name the one that tagged come beside"):
        View.of(None, "tagged")
