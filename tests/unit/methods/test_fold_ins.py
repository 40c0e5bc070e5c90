"""Folding a node of the training graph in from its own edges gives the method's own vector of it."""

from dataclasses import replace

import numpy as np
import pytest

from embedding_features.artifact import Embeddings, write_snapshot
from embedding_features.errors import CompatibilityError, GraphError
from embedding_features.fresh import Events, FoldedRows, FoldIn, make_walk
from embedding_features.graph import Graph, Relation
from embedding_features.methods import als, bpmf, lightgcn, make, mf_bpr, spectral, vbmf
from embedding_features.methods.base import Method
from embedding_features.space import place
from embedding_features.testing.graphs import judged, weighted

LATER = 9 * 10**18


def fold(embeddings: Embeddings, graph: Graph, relation: str, node_type: str, purpose: str) -> FoldedRows:
    """Fold in every node of the table from its edges of the relation; a wanted row a node, asked of row 0."""
    parameters = embeddings.fold_ins[node_type][purpose]
    edges = graph.relation(relation)
    forward = edges.forward if edges.src == node_type else edges.reverse
    pairs = forward  # every event, as a log has them
    table, others = embeddings.tables[node_type], embeddings.tables[parameters.other]
    nodes = graph.vocabularies[node_type].encode(table.ids)
    entry = np.full(len(graph.vocabularies[parameters.other]), -1)
    entry[graph.vocabularies[parameters.other].encode(others.ids)] = np.arange(len(others.ids))
    row_of = np.full(forward.rows, -1)
    row_of[nodes] = np.arange(len(nodes))
    known = row_of[pairs.sources()] >= 0
    n, m = int(known.sum()), len(nodes)
    asked = graph.vocabularies[parameters.other].encode(others.ids)[:1]
    walk = make_walk(
        Events(
            np.concatenate([row_of[pairs.sources()][known], np.arange(m)]),
            np.concatenate([pairs.indices[known].astype(np.int64), np.repeat(asked, m)]),
            np.concatenate([np.ones(n, np.int64), np.full(m, LATER)]),
            np.concatenate([pairs.weights()[known], np.zeros(m)]),
            np.arange(n + m) >= n,
        ),
        np.array([0]),
        [entry],
        [np.arange(m)],
        10**6,
    )
    found = FoldIn([parameters], [others.vectors]).rows(walk)
    return FoldedRows(*(part[n:] for part in found))


def assert_own(method: Method, graph: Graph, relation: str, node_type: str, tolerance: float) -> None:
    embeddings = method.fit(graph, seed=3)
    found = fold(embeddings, graph, relation, node_type, "own")
    vectors = embeddings.tables[node_type].vectors
    size = np.abs(vectors).max()
    np.testing.assert_allclose(found.vector / size, vectors / size, atol=tolerance)
    other = embeddings.tables[embeddings.fold_ins[node_type]["own"].other].vectors
    np.testing.assert_allclose(found.score, found.vector @ other[0], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    ("method", "relation", "tolerance"),
    [
        (als(dim=8, relation="saw"), "saw", 1e-4),
        (vbmf(dim=6, relation="judged"), "judged", 1e-4),
        (spectral(dim=8, relation="saw"), "saw", 1e-5),
    ],
)
def test_a_user_of_the_graph_gets_its_own_vector(method: Method, relation: str, tolerance: float) -> None:
    assert_own(method, judged(), relation, "user", tolerance)


def test_an_item_of_the_graph_gets_its_own_vector_by_projection() -> None:
    assert_own(spectral(dim=8, relation="saw"), judged(), "saw", "item", 1e-5)


@pytest.mark.parametrize("cycle", [(1.0, 2.0, 0.5)])
def test_weights_of_edges_count_in_own_vectors(cycle: tuple[float, ...]) -> None:
    assert_own(als(dim=6), weighted(cycle), "saw", "user", 1e-4)


def test_an_inductive_encoder_gives_a_user_of_the_graph_nearly_its_own_vector() -> None:
    """All but the user's own part of layer 0, which a new user has not."""
    graph = judged()
    embeddings = lightgcn(dim=8, layers=2, epochs=5, relation="saw").fit(graph, seed=3)
    encoder = embeddings.encoder
    found = fold(embeddings, graph, "saw", "user", "own")
    own = encoder.table.detach().numpy()[: encoder.counts["user"]] / 3
    np.testing.assert_allclose(found.vector, embeddings.tables["user"].vectors - own, atol=1e-5)


@pytest.mark.parametrize("method", [mf_bpr(dim=6, epochs=3, relation="saw"), bpmf(dim=6, relation="saw")])
def test_any_other_method_regresses_likes_on_its_vectors(method: Method) -> None:
    graph = judged()
    found = fold(method.fit(graph), graph, "saw", "user", "own")
    assert np.isfinite(found.vector).all()
    assert (found.used > 0).all()


def test_a_node_without_events_gets_the_mean_vector_and_never_zeros() -> None:
    graph = judged()
    for method in (als(dim=8, relation="saw"), spectral(dim=8, relation="saw")):
        embeddings = method.fit(graph)
        parameters = embeddings.fold_ins["user"]["own"]
        walk = make_walk(
            Events(np.array([0]), np.array([0]), np.array([LATER]), np.array([0.0])),
            np.array([0]), [np.array([0])], [np.array([-1])], 10,
        )  # fmt: skip
        found = FoldIn([parameters], [embeddings.tables["item"].vectors]).rows(walk)
        np.testing.assert_allclose(found.vector[0], embeddings.tables["user"].vectors.mean(axis=0), atol=1e-6)
        assert found.used[0] == 0


def test_values_are_regressed_on_any_methods_vectors() -> None:
    graph = judged()
    embeddings = als(dim=4, relation="saw").model_copy(update={"values": "judged"}).fit(graph)
    found = fold(embeddings, graph, "judged", "user", "values")
    assert ((found.score > -0.5) & (found.score < 1.5)).all()
    assert (found.variance > 0).all()
    assert set(embeddings.fold_ins["item"]) == {"own", "values"}


def test_values_of_other_node_types_are_refused() -> None:
    graph = judged()
    relations = dict(graph.relations)
    relations["of"] = Relation.from_edges("of", "item", "item", np.array([0]), np.array([1]), (50, 50))
    method = als(dim=4, relation="saw").model_copy(update={"values": "of"})
    with pytest.raises(GraphError, match="values 'of' join 'item' with 'item'"):
        method.fit(replace(graph, relations=relations))


def test_fold_ins_are_stored_and_follow_a_rotation(tmp_path) -> None:
    """In the parent's space a folded vector is the rotated one, and scores are the same."""
    graph = judged()
    method = vbmf(dim=6, relation="judged")
    first = write_snapshot(method.fit(graph, seed=1), tmp_path)
    placed = place(method.fit(graph, seed=2), first)
    assert placed.alignment is not None
    before, after = (
        fold(embeddings, graph, "judged", "user", "own")
        for embeddings in (method.fit(graph, seed=2), placed.embeddings)
    )
    np.testing.assert_allclose(after.vector, placed.embeddings.tables["user"].vectors, atol=1e-4)
    np.testing.assert_allclose(after.score, before.score, rtol=1e-9)
    read = write_snapshot(placed.embeddings, tmp_path / "second").embeddings()
    again = fold(read, graph, "judged", "user", "own")
    np.testing.assert_array_equal(again.vector, after.vector)


def test_a_warm_start_of_vbmf_needs_posteriors_of_its_dim() -> None:
    graph = judged()
    method = vbmf(dim=6, relation="judged")
    first = method.fit(graph, seed=4)
    warm, cold = (method.fit(graph, seed=5, init=init) for init in (first, None))
    scores, of_warm, of_cold = (
        (e.tables["user"].vectors @ e.tables["item"].vectors.T).ravel() for e in (first, warm, cold)
    )
    assert np.corrcoef(scores, of_warm)[0, 1] > 0.93
    assert np.corrcoef(scores, of_cold)[0, 1] < 0.9
    with pytest.raises(CompatibilityError, match="no posteriors of user of dim 6"):
        method.fit(graph, init=make("als", dim=6, relation="saw").fit(graph))
