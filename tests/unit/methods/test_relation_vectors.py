"""The vectors of relations: published, started by name, frozen, and refused."""

from datetime import UTC, datetime

import numpy as np
import pyarrow as pa
import pytest
import torch

from embedding_features.artifact.embeddings import RELATION, Embeddings, EmbeddingTable, Provenance
from embedding_features.errors import ConfigError
from embedding_features.graph import Graph
from embedding_features.graph.view import GraphView, View
from embedding_features.methods import make
from embedding_features.methods.relation_vectors import relation_table, start_relations
from embedding_features.scorers import ComplEx, DistMult, Dot, RelationScorer, RotatE, TransE

NOW = datetime(2026, 1, 1, tzinfo=UTC)
SCORERS: list[RelationScorer] = [TransE(), DistMult(), ComplEx(), RotatE()]
SAME = torch.eye(4)


def view_of(*names: str) -> GraphView:
    return View().build(graph_of(*names))


def graph_of(*names: str, node_type: str = "entity") -> Graph:
    ends = np.arange(6), (np.arange(6) + 1) % 6
    return Graph.from_arrays(NOW, {(node_type, name, node_type): ends for name in names})


def earlier(ids: list[str], vectors: np.ndarray) -> Embeddings:
    table = EmbeddingTable(RELATION, pa.array(ids), vectors.astype(np.float32), len(ids))
    return Embeddings({RELATION: table}, Provenance("m", {}, "dot", "dot", NOW, 0, "", {}))


@pytest.mark.parametrize("scorer", SCORERS, ids=lambda scorer: scorer.kind)
def test_relations_start_by_name_and_others_as_usual(scorer: RelationScorer) -> None:
    before, now = view_of("likes", "hates"), view_of("hates", "knows")
    first = scorer.build(4, 4, torch.Generator().manual_seed(0))
    table = relation_table(first, before, SAME)
    assert table is not None
    assert table.ids.to_pylist() == ["likes", "hates", "~likes", "~hates"]
    second, fresh = (scorer.build(4, 4, torch.Generator().manual_seed(1)) for _ in range(2))
    init = Embeddings({RELATION: table}, earlier(["x"], np.ones((1, 4))).provenance)
    start_relations(second, init, now, SAME, freeze=False)
    expected = fresh.relations.detach().clone()
    expected[0], expected[2] = first.relations[1], first.relations[3]  # hates and ~hates
    torch.testing.assert_close(second.relations.detach(), expected)
    assert second.relations.requires_grad


def test_angles_come_back_from_published_turns() -> None:
    """e^{iθ} of 0, π/2, −π/2 and 3, as real parts, then imaginary ones."""
    angles = torch.tensor([[0.0, np.pi / 2], [-np.pi / 2, 3.0], [0.1, -0.1], [2.0, -3.0]])
    compare = RotatE().build(4, 4, torch.Generator())
    with torch.no_grad():
        compare.relations.copy_(angles)
    table = relation_table(compare, view_of("likes", "hates"), SAME)
    assert table is not None
    expected = [[1, 0, 0, 1], [0, np.cos(3), -1, np.sin(3)]]
    np.testing.assert_allclose(table.vectors[:2], expected, atol=1e-6)
    again = RotatE().build(4, 4, torch.Generator().manual_seed(9))
    init = Embeddings({RELATION: table}, earlier(["x"], np.ones((1, 4))).provenance)
    start_relations(again, init, view_of("likes", "hates"), SAME, freeze=True)
    torch.testing.assert_close(again.relations.detach(), angles)
    assert not again.relations.requires_grad


def test_a_translation_is_published_in_the_rotated_space_and_comes_back_from_it() -> None:
    rotation = torch.linalg.qr(torch.randn(4, 4, generator=torch.Generator().manual_seed(0))).Q
    compare = TransE().build(2, 4, torch.Generator().manual_seed(0))
    table = relation_table(compare, view_of("likes"), rotation)
    assert table is not None
    np.testing.assert_allclose(table.vectors, (compare.relations @ rotation).detach().numpy(), atol=1e-6)
    again = TransE().build(2, 4, torch.Generator().manual_seed(1))
    init = Embeddings({RELATION: table}, earlier(["x"], np.ones((1, 4))).provenance)
    start_relations(again, init, view_of("likes"), rotation, freeze=False)
    torch.testing.assert_close(again.relations.detach(), compare.relations.detach(), rtol=0, atol=1e-6)


def test_a_scorer_without_relations_has_none_to_publish_start_or_freeze() -> None:
    compare, view = Dot().build(2, 4, torch.Generator()), view_of("likes")
    assert relation_table(compare, view, SAME) is None
    init = earlier(["likes", "~likes"], np.ones((2, 4)))
    start_relations(compare, init, view, SAME, freeze=False)
    with pytest.raises(ConfigError, match="freeze of relation: the scorer has no vectors of relations"):
        start_relations(compare, init, view, SAME, freeze=True)


def test_an_earlier_fit_without_relations_starts_nothing() -> None:
    one, other = (TransE().build(2, 4, torch.Generator().manual_seed(0)) for _ in range(2))
    bare = Embeddings({}, earlier(["x"], np.ones((1, 4))).provenance)
    start_relations(one, bare, view_of("likes"), SAME, freeze=False)
    assert torch.equal(one.relations, other.relations)


def test_a_node_type_of_the_tables_name_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"node type is named 'relation'.*\n.*another name"):
        make("transe", dim=4, epochs=1).fit(graph_of("likes", node_type="relation"))
