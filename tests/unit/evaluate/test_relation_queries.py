"""Queries from published tables are those of the trained scorer, and retrieval asks by them."""

from datetime import UTC, datetime

import numpy as np
import pyarrow as pa
import pytest
import torch

from embedding_features.artifact.embeddings import RELATION, Embeddings, EmbeddingTable, Provenance
from embedding_features.errors import DataError
from embedding_features.evaluate.relation_queries import relation_queries
from embedding_features.evaluate.retrieval import evaluate_embeddings
from embedding_features.graph import Graph
from embedding_features.scorers import ComplEx, DistMult, RelationScorer, RotatE, TransE

NOW = datetime(2026, 1, 1, tzinfo=UTC)
NAMES = ["likes", "hates", "~likes", "~hates"]
SCORERS = [TransE(), TransE(metric="dot"), TransE(metric="l1"), DistMult(), ComplEx(), RotatE()]


def published(
    scorer: RelationScorer, relations: np.ndarray, users: np.ndarray, items: np.ndarray
) -> Embeddings:
    tables = {
        "user": EmbeddingTable("user", pa.array(range(len(users))), users, len(users)),
        "item": EmbeddingTable("item", pa.array(range(len(items))), items, len(items)),
        RELATION: EmbeddingTable(RELATION, pa.array(NAMES), relations, len(NAMES)),
    }
    config = {"tasks": [{"scorer": scorer.model_dump(mode="json")}]}
    metric = "dot" if scorer.metric == "dot" else "l2"
    return Embeddings(tables, Provenance("m", config, metric, scorer.name, NOW, 0, "", {}))


@pytest.mark.parametrize("scorer", SCORERS, ids=[scorer.name + scorer.metric for scorer in SCORERS])
def test_queries_are_those_of_the_trained_scorer(scorer: RelationScorer) -> None:
    compare = scorer.build(4, 6, torch.Generator().manual_seed(0))
    sources = torch.randn(5, 6, generator=torch.Generator().manual_seed(1))
    vectors = compare.relation_vectors().detach().numpy()
    embeddings = published(scorer, vectors, sources.numpy(), sources.numpy())
    for row, name in enumerate(NAMES):
        expected = compare.query(sources, torch.full((5,), row)).detach().numpy()
        np.testing.assert_allclose(
            relation_queries(embeddings, name, sources.numpy()), expected, rtol=0, atol=1e-5
        )


def test_unknown_relations_are_refused_by_name() -> None:
    ones = np.ones((4, 2), np.float32)
    embeddings = published(TransE(), ones, ones, ones)
    with pytest.raises(DataError, match=r"relation 'buys'\n.*likes, hates, ~likes"):
        relation_queries(embeddings, "buys", ones)
    nodes = {name: table for name, table in embeddings.tables.items() if name != RELATION}
    with pytest.raises(DataError, match="no vectors of relations, only of item, user"):
        relation_queries(Embeddings(nodes, embeddings.provenance), "likes", ones)


def test_retrieval_asks_by_the_relation() -> None:
    """Users at (k, 0), items at (k, 1): by (0, 1) a user finds the item above, by (1, 1) the next one.

    User 3 has no vector, and so no query either, though a relation's vector alone is near item 0.
    """
    users = np.stack([np.arange(3), np.zeros(3)], axis=1).astype(np.float32)
    items = np.stack([np.arange(4), np.ones(4)], axis=1).astype(np.float32)
    relations = np.array([[0, 1], [1, 1], [0, 0], [0, 0]], np.float32)
    embeddings = published(TransE(), relations, users, items)
    pairs = np.array([0, 0, 1, 2, 3]), np.array([3, 2, 3, 0, 1])
    likes, hates = (("user", name, "item") for name in ("likes", "hates"))
    graph = Graph.from_arrays(NOW, {likes: pairs, hates: pairs})
    above = evaluate_embeddings(embeddings, graph, np.arange(3), np.arange(3), relation="likes", k=1)
    after = evaluate_embeddings(embeddings, graph, np.arange(2), np.arange(1, 3), relation="hates", k=1)
    missed = evaluate_embeddings(embeddings, graph, np.arange(2), np.arange(1, 3), relation="likes", k=1)
    unknown = evaluate_embeddings(embeddings, graph, np.array([3]), np.array([0]), relation="likes", k=1)
    assert (above.recall, after.recall, missed.recall, unknown.recall) == (1, 1, 0, 0)
