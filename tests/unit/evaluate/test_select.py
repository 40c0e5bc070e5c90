"""Parameters are chosen on a split of the given graph, by coordinate search."""

from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
import pytest

from embedding_features.artifact.embeddings import Embeddings, EmbeddingTable, Provenance
from embedding_features.errors import ConfigError, TrainingError
from embedding_features.evaluate.select import select_parameters
from embedding_features.graph import Graph

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def _graph() -> Graph:
    rng = np.random.default_rng(0)
    src, dst = rng.integers(0, 50, 1500), rng.integers(0, 80, 1500)
    return Graph.from_arrays(NOW, {("user", "likes", "item"): (src, dst)})


@dataclass(frozen=True)
class Oracle:
    """Knows every pair of ``truth``; noise grows with the distance of (a, b) from (3, 2)."""

    truth: Graph
    seen: list[Graph]
    a: int
    b: int

    def fit(self, graph: Graph, *, seed: int = 0) -> Embeddings:
        self.seen.append(graph)
        if self.a > 5:
            raise TrainingError("diverged")
        matrix = np.zeros((50, 80), np.float32)
        csr = self.truth.relation().forward
        matrix[csr.sources(), csr.indices] = 1
        noise = np.random.default_rng(seed).standard_normal(matrix.shape)
        users = matrix + noise * (0.05 + 0.3 * (abs(self.a - 3) + abs(self.b - 2)))
        vectors = {"user": users.astype(np.float32), "item": np.eye(80, dtype=np.float32)}
        tables = {
            side: EmbeddingTable(side, graph.vocabularies[side].ids, v, len(v)) for side, v in vectors.items()
        }
        return Embeddings(tables, Provenance("oracle", {}, "dot", "dot", NOW, seed, "", {}))


def test_coordinate_search_finds_the_best_and_tries_nothing_twice() -> None:
    graph = _graph()
    seen: list[Graph] = []
    grid = {"a": (0, 1, 2, 3, 4, 9), "b": (0, 1, 2)}
    chosen = select_parameters(lambda a, b: Oracle(graph, seen, a, b), grid, graph, users=None)
    assert chosen.best.parameters == {"a": 3, "b": 2}
    assert chosen.best.result is not None
    assert chosen.best.result.ndcg > 0.95
    tried = [tuple(t.parameters.values()) for t in chosen.trials]
    assert len(tried) == len(set(tried)) == len(seen) < 18
    assert all(t.result is None for t in chosen.trials if t.parameters["a"] == 9)
    assert chosen.trials[0].parameters == {"a": 0, "b": 0}


def test_nothing_held_out_is_ever_fitted_on() -> None:
    graph = _graph()
    seen: list[Graph] = []
    select_parameters(lambda a: Oracle(graph, seen, a, 2), {"a": (2, 3)}, graph, fraction=0.25, users=10)
    pairs = len(np.unique(graph.relation().forward.sources() * 80 + graph.relation().forward.indices))
    for given in seen:
        csr = given.relation().forward
        assert len(np.unique(csr.sources() * 80 + csr.indices)) == pytest.approx(0.75 * pairs, rel=0.02)


def test_a_start_that_fails_and_an_empty_grid_are_errors() -> None:
    graph = _graph()
    with pytest.raises(TrainingError, match="diverged"):
        select_parameters(lambda a: Oracle(graph, [], a, 2), {"a": (9, 3)}, graph)
    with pytest.raises(ConfigError, match="nothing to choose"):
        select_parameters(lambda a: Oracle(graph, [], a, 2), {"a": ()}, graph)
