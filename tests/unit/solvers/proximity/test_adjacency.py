"""Adjacency matrices are checked before anything is computed; a family member is read back by its kind."""

import numpy as np
import pytest

from embedding_features.errors import GraphError
from embedding_features.graph import CSR
from embedding_features.solvers.proximity import GraRep, NetMF, ProNE, ProximitySolver
from embedding_features.solvers.proximity.adjacency import merged_adjacency, transition, weighted_degrees
from tests.unit.solvers.proximity.graphs import dense, random_graph, transition_matrix, undirected

SOLVERS = [NetMF(dim=4), GraRep(dim=5), ProNE(dim=4)]


@pytest.mark.parametrize("solver", SOLVERS, ids=lambda solver: solver.kind)
@pytest.mark.parametrize(
    ("csr", "message"),
    [
        (CSR.from_edges(np.array([0]), np.array([1]), (2, 3)), "as many rows as columns, not 2 × 3"),
        (CSR.from_edges(np.array([], int), np.array([], int), (3, 3)), "no edges"),
        (undirected(np.array([0, 1]), np.array([1, 2]), 3, np.array([1, -1], np.float32)), "2 negative"),
    ],
)
def test_what_is_no_graph_is_refused(solver: ProximitySolver, csr: CSR, message: str) -> None:
    with pytest.raises(GraphError, match=message):
        solver.solve(csr)


@pytest.mark.parametrize("weight", [None, np.array([1, 2], np.float32)])
def test_methods_for_undirected_graphs_refuse_directed_ones(weight: np.ndarray | None) -> None:
    """An edge without its mirror, and a mirror with another weight."""
    src, dst = (
        (np.array([0, 1]), np.array([1, 2])) if weight is None else (np.array([0, 1]), np.array([1, 0]))
    )
    csr = CSR.from_edges(src, dst, (3, 3), weight)
    for solver in (NetMF(dim=4), ProNE(dim=4)):
        with pytest.raises(GraphError, match="not symmetric"):
            solver.solve(csr)
    assert np.isfinite(GraRep(dim=5).solve(csr)).all()


def test_edges_of_a_pair_add_up() -> None:
    once = random_graph(30, 0)
    src, dst = once.sources().astype(np.int64), once.indices.astype(np.int64)
    twice = CSR.from_edges(
        np.concatenate([src, src]), np.concatenate([dst, dst]), (30, 30), np.tile(once.weights() / 2, 2)
    )
    assert twice.edges == 2 * once.edges
    np.testing.assert_array_equal(dense(merged_adjacency(twice, undirected=True)), dense(once))
    for solver in SOLVERS:
        np.testing.assert_array_equal(solver.solve(twice), solver.solve(once))


def test_transition_is_rows_over_their_sums() -> None:
    graph = random_graph(30, 1)
    np.testing.assert_allclose(dense(transition(graph)), transition_matrix(graph), atol=1e-7)
    np.testing.assert_allclose(weighted_degrees(graph), dense(graph).sum(axis=1))


@pytest.mark.parametrize("solver", SOLVERS, ids=lambda solver: solver.kind)
def test_edges_of_weight_0_say_nothing(solver: ProximitySolver) -> None:
    """Nodes 3 and 4 have edges of weight 0 alone."""
    graph = undirected(np.array([0, 0, 1, 3]), np.array([1, 2, 2, 4]), 5, np.array([1, 1, 1, 0], np.float32))
    found = solver.solve(graph)
    assert np.isfinite(found).all()
    assert not found[3:].any()
    assert found[:3].any(axis=1).all()


@pytest.mark.parametrize("solver", SOLVERS, ids=lambda solver: solver.kind)
def test_settings_are_read_back_by_their_kind(solver: ProximitySolver) -> None:
    assert ProximitySolver.model_validate(solver.model_dump()) == solver


@pytest.mark.parametrize("solver", SOLVERS, ids=lambda solver: solver.kind)
def test_neighbours_are_nearer_than_strangers(solver: ProximitySolver) -> None:
    """Nodes of one planted block, by cosine."""
    graph = random_graph(120, 6)
    found = solver.model_copy(update={"dim": 10}).solve(graph)[:-1].astype(np.float64)
    found /= np.linalg.norm(found, axis=1, keepdims=True)
    block = np.arange(119) % 3
    same = block[:, None] == block
    cosine = found @ found.T
    assert cosine[same].mean() > cosine[~same].mean() + 0.2
