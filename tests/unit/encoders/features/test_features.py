"""Rules of features by hand, on the nodes that they were fitted on and on later ones."""

from datetime import UTC, datetime

import numpy as np
import pyarrow as pa
import pytest
import torch

from embedding_features.encoders.features import FeatureEncoding, Features, NodeInputs
from embedding_features.errors import GraphError, SnapshotError
from embedding_features.graph import CSR, Graph
from embedding_features.graph.node_features import Attributes, NodeFeatures
from embedding_features.graph.view import GraphView, View


def dense(matrix: CSR) -> np.ndarray:
    out = np.zeros((matrix.rows, matrix.columns), np.float32)
    np.add.at(out, (matrix.sources(), matrix.indices), matrix.weights())
    return out


def encoded(columns: dict[str, list], later: dict[str, list], **settings: tuple[str, ...]) -> list:
    fitted = FeatureEncoding.fit(NodeFeatures(pa.table(columns), {}), Features(**settings))
    again = FeatureEncoding.model_validate_json(fitted.model_dump_json())
    return dense(again.encode(NodeFeatures(pa.table(later), {}))).tolist()


def test_numbers_are_standardized_by_the_nodes_of_training() -> None:
    """Mean 3, standard deviation 2; column 1 says which have none."""
    found = encoded({"x": [1.0, None, 5.0]}, {"x": [1.0, 5.0, 9.0, None, float("nan")]})
    assert found == [[-1, 0], [1, 0], [3, 0], [0, 1], [0, 1]]


def test_numbers_that_are_all_alike_and_booleans() -> None:
    assert encoded({"x": [4, 4]}, {"x": [4, 6]}) == [[0, 0], [2, 0]]
    assert encoded({"x": [True, False]}, {"x": [True, None]}) == [[1, 0], [0, 1]]


def test_categories_have_columns_of_their_own_and_the_unknown_share_one() -> None:
    """Column 0 is of who is unknown, missing, or of a category of one node alone."""
    found = encoded({"brand": ["b", "a", "b", "a", "rare"]}, {"brand": ["a", "b", "rare", "new", None]})
    assert found == [[0, 1, 0], [0, 0, 1], [1, 0, 0], [1, 0, 0], [1, 0, 0]]


def test_numbers_may_be_categories() -> None:
    assert encoded({"x": [7, 7, 3, 3]}, {"x": [3, 7, 5]}, categories=("x",)) == [
        [0, 1, 0],
        [0, 0, 1],
        [1, 0, 0],
    ]


def test_texts_are_hashed_with_signs_to_length_one() -> None:
    texts = ["red shoes", "RED  shoes!", "blue hats", None]
    found = np.array(encoded({"t": ["red"]}, {"t": texts}, text=("t",)))
    assert found.shape == (4, 1024)
    np.testing.assert_array_equal(found[0], found[1])
    np.testing.assert_allclose(np.linalg.norm(found, axis=1), [1, 1, 1, 0], atol=1e-6)
    assert abs(found[0] @ found[2]) < 0.5
    assert {round(abs(v), 4) for v in found[0][found[0] != 0]} == {0.5774}  # two words and their pair
    assert (np.array(encoded({"t": ["a"]}, {"t": ["one two three four five"]}, text=("t",))) < 0).any()


def test_attributes_sum_to_one_and_new_ones_are_left_out() -> None:
    seen = Attributes(
        pa.array([70, 80, 90]), CSR.from_edges(np.array([0, 0, 1]), np.array([0, 2, 2]), (3, 3))
    )
    fitted = FeatureEncoding.fit(NodeFeatures(None, {"tagged": seen}), Features())
    assert dense(fitted.encode(NodeFeatures(None, {"tagged": seen}))).tolist() == [[0.5, 0.5], [0, 1], [0, 0]]
    src, dst = np.array([0, 0, 0, 1]), np.array([0, 1, 1, 2])
    later = Attributes(pa.array([55, 90, 70]), CSR.from_edges(src, dst, (2, 3)))
    assert dense(fitted.encode(NodeFeatures(None, {"tagged": later}))).tolist() == [[0, 1], [1, 0]]


def test_what_is_not_there_or_has_no_rule_is_refused() -> None:
    table = NodeFeatures(pa.table({"x": [1.0]}), {})
    with pytest.raises(GraphError, match="no feature 'y'"):
        FeatureEncoding.fit(table, Features(columns=("y",)))
    with pytest.raises(GraphError, match="'v' of type list"):
        FeatureEncoding.fit(NodeFeatures(pa.table({"v": [[1.0]]}), {}), Features())
    fitted = FeatureEncoding.fit(table, Features())
    with pytest.raises(GraphError, match="no feature 'x'"):
        fitted.encode(NodeFeatures(pa.table({"z": [1.0]}), {}))


def view_of(words: list[tuple[int, int]]) -> GraphView:
    paper, word = (np.array(ends) for ends in zip(*words, strict=True))
    edges = {
        ("paper", "cites", "paper"): (np.array([0, 1, 2]), np.array([1, 2, 3])),
        ("paper", "has", "word"): (paper, word),
    }
    graph = Graph.from_arrays(datetime(2026, 1, 1, tzinfo=UTC), edges)
    return View(relations=("cites",), nodes="all", attributes=("has",)).build(graph)


WORDS = [(0, 5), (0, 6), (1, 6), (3, 7)]


def test_a_view_has_attributes_as_features_and_not_as_nodes() -> None:
    view = view_of(WORDS)
    assert view.counts == {"paper": 4}
    features = view.features("paper")
    assert features is not None
    assert features.attributes["has"].ids.to_pylist() == [5, 6, 7]
    taken = features.take(np.array([3, -1, 0])).attributes["has"].has
    assert taken.indptr.tolist() == [0, 1, 1, 3]
    assert taken.indices.tolist() == [2, 0, 1]


def test_attributes_between_other_nodes_are_refused() -> None:
    graph = Graph.from_arrays(
        datetime(2026, 1, 1, tzinfo=UTC),
        {
            ("a", "joins", "b"): (np.array([0]), np.array([0])),
            ("a", "likes", "b"): (np.array([0]), np.array([0])),
        },
    )
    with pytest.raises(GraphError, match="attributes 'likes' join 'a' with 'b'"):
        View(relations=("joins",), attributes=("likes",)).build(graph)


def test_the_product_with_the_inputs_is_that_of_the_dense_matrix() -> None:
    inputs = NodeInputs(Features(), view_of(WORDS))
    x = torch.tensor([[0.5, 0.5, 0], [0, 1, 0], [0, 0, 0], [0, 0, 1]])
    weight = torch.randn(3, 5, requires_grad=True)
    torch.testing.assert_close(inputs.times(weight), x @ weight)
    torch.testing.assert_close(inputs.traced_times(weight), x @ weight)
    (gradient,) = torch.autograd.grad(inputs.times(weight).square().sum(), weight)
    torch.testing.assert_close(gradient, 2 * x.T @ (x @ weight.detach()))


def test_dropout_leaves_out_entries_in_both_directions_alike() -> None:
    inputs = NodeInputs(Features(), view_of(WORDS))
    torch.manual_seed(1)
    eye = torch.eye(3, requires_grad=True)
    dropped = inputs.times(eye, 0.5)  # the matrix itself
    x = torch.tensor([[0.5, 0.5, 0], [0, 1, 0], [0, 0, 0], [0, 0, 1]])
    assert set((dropped / x)[x > 0].tolist()) == {0.0, 2.0}
    weights = torch.randn(4, 3)
    (gradient,) = torch.autograd.grad((dropped * weights).sum(), eye)
    torch.testing.assert_close(gradient, dropped.detach().T @ weights)


def test_a_state_that_is_no_matrix_is_refused() -> None:
    inputs = NodeInputs(Features(), view_of(WORDS))
    for name, wrong in (
        ("indices", torch.tensor([0, 1, 1, 9], dtype=torch.int32)),
        ("indptr", torch.zeros(5)),
    ):
        with pytest.raises(SnapshotError, match="no features of 4 nodes"):
            inputs.load_state_dict(inputs.state_dict() | {name: wrong})


def test_a_loaded_state_brings_rules_and_matrix() -> None:
    inputs, empty = NodeInputs(Features(), view_of(WORDS)), NodeInputs(Features(), view_of([(0, 1)]))
    empty.load_state_dict(inputs.state_dict())
    weight = torch.randn(3, 2)
    torch.testing.assert_close(empty.times(weight), inputs.times(weight))
    empty.set(view_of([(2, 6), (2, 99)]))
    assert empty.times(torch.eye(3)).tolist() == [[0, 0, 0], [0, 0, 0], [0, 1, 0], [0, 0, 0]]
