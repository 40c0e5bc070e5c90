"""The health gate: each figure by hand, what passes and what must not."""

import os
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from embedding_features.artifact import EmbeddingTable
from embedding_features.derive import Clusters, derive
from embedding_features.errors import HealthError
from embedding_features.graph import Graph
from embedding_features.graph.view import View
from embedding_features.solvers.spectral import Spectral
from embedding_features.space import HealthConfig, HealthReport, check_health
from embedding_features.space.figures import effective_rank, norm_outliers
from tests.graph_views import sides
from tests.unit.derive.made_embeddings import AS_OF, embeddings, table

RATINGS = Path(os.environ.get("EMBEDDING_FEATURES_DATA", "../shared/data")) / "ml100k" / "ratings.parquet"


def sound(n: int = 400, dim: int = 16, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(n, dim)).astype(np.float32)


def report(t: EmbeddingTable, config: HealthConfig = HealthConfig()) -> HealthReport:  # noqa: B008
    return check_health(embeddings({"item": t}), config)


def failed(r: HealthReport) -> list[str]:
    return [check.figure for check in r.checks if not check.passed]


def test_effective_rank_by_hand() -> None:
    """Equal singular values: the rank. 3 : 1 : exp of the entropy of (¾, ¼). One direction: 1."""
    assert effective_rank(np.eye(5, dtype=np.float32)) == pytest.approx(5)
    expected = np.exp(-(0.75 * np.log(0.75) + 0.25 * np.log(0.25)))
    assert effective_rank(np.float32([[3, 0, 0], [0, 1, 0]])) == pytest.approx(expected)
    assert effective_rank(np.float32([[1, 2], [2, 4], [3, 6]])) == pytest.approx(1, abs=1e-4)
    assert effective_rank(np.zeros((3, 2), np.float32)) == 0


def test_effective_rank_equals_the_svd() -> None:
    x = sound() @ np.diag(0.7 ** np.arange(16)).astype(np.float32)
    share = np.linalg.svd(x.astype(np.float64), compute_uv=False)
    share /= share.sum()
    assert effective_rank(x) == pytest.approx(np.exp(-(share * np.log(share)).sum()), rel=1e-5)


def test_norm_outliers_by_hand() -> None:
    """Log norms -2 … 2 by whole steps: median 0, MAD 1; e^9 lies 6.07 deviations off, e^8 5.4."""
    norms = np.exp(np.float64([-2, -1, -1, 0, 0, 0, 1, 1, 2]))
    assert norm_outliers(norms, 6.0) == 0
    assert norm_outliers(np.append(norms, np.exp([9.0])), 6.0) == pytest.approx(0.1)
    assert norm_outliers(np.append(norms, np.exp([8.0])), 6.0) == 0
    assert norm_outliers(np.append(norms, np.exp([-9.0])), 6.0) == pytest.approx(0.1)
    assert norm_outliers(np.empty(0), 6.0) == 0


def test_norms_that_are_equal_but_for_rounding_are_no_outliers() -> None:
    unit = sound()
    unit /= np.linalg.norm(unit, axis=1, keepdims=True)
    assert norm_outliers(np.linalg.norm(unit, axis=1).astype(np.float64), 6.0) == 0


def test_sound_vectors_pass_with_these_figures() -> None:
    x = sound()
    x[:10] = x[10:20]
    x[20] = 0
    r = report(table("item", x, catalogue=500))
    assert r.healthy
    figures = r.figures["item"]
    rank = figures.pop("effective_rank")
    assert 15 < rank < 16
    assert figures == {
        "nan_or_inf": 0,
        "zero_vectors": 1 / 400,
        "duplicate_vectors": 10 / 400,
        "norm_outliers": 0,
        "coverage": 0.8,
    }
    r.raise_if_unhealthy()


def spoiled(how: str) -> EmbeddingTable:
    x = sound()
    if how == "nan_or_inf":
        x[7, 3] = np.inf
    elif how == "zero_vectors":
        x[:5] = 0
    elif how == "duplicate_vectors":
        x[:220] = x[0]
    elif how == "norm_outliers":
        x[:12] *= 1e6
    elif how == "effective_rank":
        x = np.outer(np.arange(1, 401), np.ones(16)).astype(np.float32) + sound(400) * np.float32(1e-6)
    return table("item", x, catalogue=4001 if how == "coverage" else None)


@pytest.mark.parametrize(
    "how", ["nan_or_inf", "zero_vectors", "duplicate_vectors", "norm_outliers", "effective_rank", "coverage"]
)
def test_each_kind_of_damage_is_refused_for_its_own_reason(how: str) -> None:
    r = report(spoiled(how))
    assert failed(r) == [how]
    with pytest.raises(HealthError, match=f"FAILED item {how}") as error:
        r.raise_if_unhealthy()
    assert error.value.exit_code == 3
    assert all(check.figure in str(error.value) for check in r.checks)


def test_collapse_to_one_vector_is_refused() -> None:
    assert {"duplicate_vectors", "effective_rank"} <= set(
        failed(report(table("item", np.ones((400, 16), np.float32))))
    )


def test_collapse_to_nearly_one_vector_is_refused() -> None:
    """No two are equal, all point the same way."""
    nearly = np.ones((400, 16), np.float32) + sound() * np.float32(1e-5)
    assert failed(report(table("item", nearly))) == ["effective_rank"]


def test_nothing_but_nan_is_refused_without_a_crash() -> None:
    assert "nan_or_inf" in failed(report(table("item", np.full((4, 3), np.nan, np.float32))))


def test_nodes_with_the_same_neighbours_may_share_a_vector() -> None:
    """A third of all items: the long tail with one and the same single user."""
    x = sound()
    x[:133] = np.repeat(sound(7, seed=1), 19, axis=0)
    r = report(table("item", x))
    assert r.figures["item"]["duplicate_vectors"] == pytest.approx((133 - 7) / 400)
    assert r.healthy


def test_minus_zero_equals_zero() -> None:
    x = np.float32([[0.0, 1], [-0.0, 1], [1, 0], [1, -0.0], [1, 1]])
    assert report(table("item", x)).figures["item"]["duplicate_vectors"] == pytest.approx(2 / 5)


def test_thresholds_are_configured() -> None:
    x = sound()
    x[:5] = 0
    assert failed(report(table("item", x), HealthConfig(max_zero_vectors=5 / 400))) == []
    assert failed(report(table("item", x), HealthConfig(max_zero_vectors=4 / 400))) == ["zero_vectors"]


def test_cluster_usage_by_hand() -> None:
    """All vectors in 2 of 8 clusters, half each: usage 2 / 8. Evenly over all 8: 1."""
    corners = np.eye(8, dtype=np.float32) * 10
    even = embeddings({"item": table("item", np.repeat(corners, 5, axis=0))})
    fitted = derive(even, Clusters(k=8, top_k=2))
    assert check_health(fitted).figures["item"]["cluster_usage"] == pytest.approx(1)
    two = embeddings({"item": table("item", np.repeat(corners[:2], 20, axis=0))})
    drifted = check_health(derive(two, Clusters(k=8, top_k=2), codebooks=fitted.codebooks))
    assert drifted.figures["item"]["cluster_usage"] == pytest.approx(0.25)
    config = HealthConfig(min_cluster_usage=0.3, max_duplicate_vectors=1)
    refused = check_health(derive(two, Clusters(k=8, top_k=2), codebooks=fitted.codebooks), config)
    assert failed(refused) == ["cluster_usage"]


def test_each_node_type_is_examined() -> None:
    made = embeddings()
    assert set(check_health(made).figures) == {"user", "item"}
    tables = {**made.tables, "item": table("item", np.zeros((90, 8), np.float32))}
    assert {check.node_type for check in check_health(embeddings(tables)).checks if not check.passed} == {
        "item"
    }


@pytest.mark.skipif(not RATINGS.is_file(), reason=f"needs MovieLens-100K at {RATINGS}")
@pytest.mark.parametrize("share", [0.4, 1.0])
def test_vectors_of_movielens_pass_the_default_thresholds(share: float) -> None:
    """An early and the last snapshot; their tail holds items with one and the same user."""
    ratings = pq.read_table(RATINGS, columns=["user_id", "item_id", "timestamp"]).sort_by("timestamp")
    users, items = (ratings.column(c).to_numpy()[: int(len(ratings) * share)] for c in ("user_id", "item_id"))
    graph = Graph.from_arrays(AS_OF, {("user", "rates", "item"): (users, items)})
    vectors = sides(Spectral(dim=64), View(nodes="all").build(graph))
    tables = {
        t: table(t, v, graph.vocabularies[t].ids.to_numpy(), catalogue=n)
        for t, v, n in zip(("user", "item"), vectors, (943, 1682), strict=True)
    }
    r = check_health(embeddings(tables))
    r.raise_if_unhealthy()
    assert 0.03 < r.figures["item"]["duplicate_vectors"] < 0.1
