"""Conformance tests of what a method makes of a graph: order, ids, nodes without edges, repeated edges."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from embedding_features.arrays import I64
from embedding_features.artifact import Snapshot, write_snapshot
from embedding_features.graph import Graph, Relation, Vocabulary
from embedding_features.methods import Method, Trained
from embedding_features.testing.graphs import ITEMS, USERS, clicks, described, groups, seconds_apart
from embedding_features.testing.method_case import MethodCase, node_tables, vectors_of
from embedding_features.testing.method_runs import assert_same
from embedding_features.testing.starts import cosines, pair_scores


class MethodGraphTests(MethodCase):
    """Checks that vectors follow the edges, not the order in which they or the ids happen to stand."""

    def test_vectors_follow_the_ids_of_the_same_edges_in_another_order(self) -> None:
        """Check that permuted ids and edges give the same scores, where chance has no part in them.

        Where it has, nodes of a group must be as near to each other as by another seed.
        """
        method, graph = _longer(self.make()), groups()
        first, again, by_chance = (
            method.fit(g, seed=seed) for g, seed in ((graph, 3), (_permuted(graph), 3), (graph, 4))
        )
        for node_type, table in node_tables(first).items():
            others = again.tables[node_type].ids.to_pylist()
            assert sorted(table.ids.to_pylist()) == sorted(others) != others
        if np.allclose(pair_scores(first), pair_scores(by_chance), atol=1e-4):
            np.testing.assert_allclose(pair_scores(again), pair_scores(first), atol=1e-4)
            return
        for node_type in ("user", "item"):
            one, same, other = (cosines(fit, node_type).ravel() for fit in (first, again, by_chance))
            assert np.corrcoef(one, same)[0, 1] > np.corrcoef(one, other)[0, 1] - 0.25

    def test_nodes_without_edges_change_nothing_for_others(self) -> None:
        """Check that a graph without the nodes of no edge gives the same vectors.

        A view of all nodes draws random numbers for them, too.
        """
        if self.inductive or self.make().view.nodes == "all":
            pytest.skip("it sees nodes without edges, too")
        assert_same(self.make().fit(_without_isolated(clicks()), seed=3), self.fitted())

    def test_an_empty_relation_beside_a_full_one_changes_no_vector(self) -> None:
        """Check that relations that are not asked for, or have no edge, do no harm."""
        none: I64 = np.empty(0, np.int64)
        empty = Relation.from_edges("judged", "user", "item", none, none, (USERS, ITEMS), time=none)
        graph = replace(clicks(), relations={**clicks().relations, "judged": empty})
        assert_same(self.over("saw").fit(graph, seed=3), self.over("saw").fit(clicks(), seed=3))
        if self.takes_any:
            both = self.make().fit(graph, seed=3)
            assert [table.ids.to_pylist() for table in node_tables(both).values()] == [
                table.ids.to_pylist() for table in node_tables(self.fitted()).values()
            ]
            assert all(np.isfinite(table.vectors).all() for table in both.tables.values())

    def test_a_repeated_edge_counts_as_its_weights_added_up(self) -> None:
        """Check that a pair's edges are one of their summed weight; the last, to who predicts weights."""
        method = self.make()
        if method.view.weights == "each":
            pytest.skip("it reads each edge by itself")
        edges = clicks().relation().forward.merged("last" if "values" in method.weight_uses else "sum")
        assert edges.edges < clicks().relation().forward.edges
        once = Relation.from_edges(
            "saw", "user", "item", edges.sources(), edges.indices, (USERS, ITEMS), edges.weight, edges.time
        )
        merged = method.fit(replace(clicks(), relations={"saw": once}), seed=3)
        for one, same in zip(vectors_of(self.fitted()), vectors_of(merged), strict=True):
            np.testing.assert_array_equal(one, same)

    def test_a_tiny_graph_with_a_repeated_pair_is_fitted(self) -> None:
        """Check a graph of two users, two items and one pair twice."""
        edges = (np.array([1, 1, 2, 2]), np.array([5, 5, 5, 6]), seconds_apart(4))
        graph = described(Graph.from_arrays(clicks().as_of, {("user", "saw", "item"): edges}))
        embeddings = self.make(dim=2).fit(graph)
        assert [side.shape for side in vectors_of(embeddings)] == [(2, 2), (2, 2)]
        assert all(np.isfinite(side).all() for side in vectors_of(embeddings))

    def test_a_written_snapshot_gives_the_tables_back(self, tmp_path: Path) -> None:
        """Check that tables, provenance and encoder come back from a snapshot as they were."""
        made = self.fitted()
        back = Snapshot.open(write_snapshot(made, tmp_path).folder).embeddings()
        assert_same(back, made)
        assert back.provenance == made.provenance
        assert (back.encoder is None) == (made.encoder is None)

    def test_the_fit_leaves_the_graph_alone(self) -> None:
        """Check that the arrays of the graph are not written to."""
        relation = clicks().relation()
        before = [csr.indices.copy() for csr in (relation.forward, relation.reverse)]
        self.make().fit(clicks())
        after = [csr.indices for csr in (relation.forward, relation.reverse)]
        assert all(np.array_equal(a, b) for a, b in zip(before, after, strict=True))


def _longer(method: Method) -> Method:
    """Return a trained method with epochs enough to tell groups, others as they are."""
    if not isinstance(method, Trained):
        return method
    return method.model_copy(update={"training": method.training.model_copy(update={"epochs": 60})})


def _permuted(graph: Graph) -> Graph:
    """Return the same edges between the same ids, ids and edges in another order."""
    rng = np.random.default_rng(9)
    order = {t: rng.permutation(len(v)) for t, v in graph.vocabularies.items()}
    return _renumbered(graph, order, rng)


def _without_isolated(graph: Graph) -> Graph:
    relation = graph.relation()
    active = {
        relation.src: np.flatnonzero(relation.forward.degrees),
        relation.dst: np.flatnonzero(relation.reverse.degrees),
    }
    return _renumbered(graph, active, None)


def _renumbered(graph: Graph, rows: dict[str, I64], rng: np.random.Generator | None) -> Graph:
    """Return the graph of some nodes, ``rows`` of each type in their new order, edges shuffled by ``rng``."""
    relation, forward = graph.relation(), graph.relation().forward
    place = {t: np.zeros(len(v), np.int64) for t, v in graph.vocabularies.items()}
    for node_type, old in rows.items():
        place[node_type][old] = np.arange(len(old))
    edges = np.arange(forward.edges) if rng is None else rng.permutation(forward.edges)
    moved = Relation.from_edges(
        relation.name,
        relation.src,
        relation.dst,
        place[relation.src][forward.sources()[edges]],
        place[relation.dst][forward.indices[edges]],
        (len(rows[relation.src]), len(rows[relation.dst])),
        time=None if forward.time is None else forward.time[edges],
    )
    vocabularies = {t: Vocabulary(v.ids.take(pa.array(rows[t]))) for t, v in graph.vocabularies.items()}
    return described(replace(graph, vocabularies=vocabularies, relations={relation.name: moved}))
