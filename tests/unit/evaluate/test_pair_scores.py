"""Scores of pairs by ids: of a network that scores them, and of vectors by their metric."""

from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pyarrow as pa
import pytest
import torch

from embedding_features.artifact.embeddings import Embeddings
from embedding_features.encoders import PairwiseNetwork
from embedding_features.errors import DataError
from embedding_features.evaluate.pair_scores import pair_scores
from embedding_features.graph import Graph
from embedding_features.methods import make

ENDS = ("user", "item")
SRC, DST = pa.array([13, 11, 11, 99]), pa.array([21, 20, 77, 20])


def fitted(**settings: object) -> Embeddings:
    rng = np.random.default_rng(0)
    edges = rng.integers(10, 15, 60), rng.integers(20, 26, 60)
    graph = Graph.from_arrays(datetime(2026, 1, 1, tzinfo=UTC), {("user", "saw", "item"): edges})
    return make("neumf", dim=4, hidden=8, epochs=2, dropout=0.3, **settings).fit(graph)


def test_a_network_scores_pairs_as_it_does_without_dropout() -> None:
    embeddings = fitted()
    network = embeddings.encoder
    assert isinstance(network, PairwiseNetwork)
    network.train()
    found = pair_scores(embeddings, ENDS, SRC, DST)
    users, items = (embeddings.tables[t].ids.to_pylist() for t in ENDS)
    assert network.training  # it is left as it was
    rows = torch.tensor([users.index(13), users.index(11)])
    columns = torch.tensor([items.index(21), items.index(20)]) + len(users)
    np.testing.assert_allclose(found[:2], network.eval().scores(rows, columns).detach())
    assert found[2:].tolist() == [-np.inf, -np.inf]


@pytest.mark.parametrize("metric", ["dot", "cosine", "l2"])
def test_vectors_are_compared_by_their_metric(metric: str) -> None:
    embeddings = fitted(parts="dot")
    embeddings = replace(embeddings, provenance=replace(embeddings.provenance, metric=metric))
    user, item = (
        dict(zip(embeddings.tables[t].ids.to_pylist(), embeddings.tables[t].vectors, strict=True))
        for t in ENDS
    )
    u, i = user[13], item[21]
    expected = {
        "dot": u @ i,
        "cosine": u @ i / np.linalg.norm(u) / np.linalg.norm(i),
        "l2": -((u - i) ** 2).sum(),
    }
    found = pair_scores(embeddings, ENDS, SRC, DST)
    assert found[0] == pytest.approx(expected[metric], rel=1e-5)
    assert found[2:].tolist() == [-np.inf, -np.inf]


def test_a_node_type_without_vectors_is_refused() -> None:
    with pytest.raises(DataError, match="no vectors of shop"):
        pair_scores(fitted(parts="dot"), ("user", "shop"), SRC, DST)
