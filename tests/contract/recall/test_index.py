"""What every kind of recall index does, in this process or on a server: the same answers and refusals."""

from collections.abc import Iterator

import numpy as np
import pytest

from embedding_features.artifact import Snapshot
from embedding_features.errors import DataError
from embedding_features.recall import RecallIndex, VectorIndex
from tests.contract.recall.recall_indexes import (
    DIM,
    GRAPH,
    KINDS,
    METRICS,
    PARTS,
    K,
    N,
    build_all,
    make_snapshots,
    postgres,
)
from tests.unit.recall.recall_data import skewed


@pytest.fixture(scope="module")
def snapshots(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Snapshot]:
    return make_snapshots(tmp_path_factory.mktemp("recall"))


@pytest.fixture(scope="module")
def indexes(snapshots: dict[str, Snapshot]) -> dict[tuple[str, str], RecallIndex]:
    return build_all(snapshots)


@pytest.fixture(scope="module")
def served(snapshots: dict[str, Snapshot]) -> Iterator[dict[str, VectorIndex]]:
    """metric → index on a server."""
    with postgres() as connections:
        from embedding_features.recall.pgvector import LivePgVectorIndex

        yield {
            metric: LivePgVectorIndex(connections, "item", schema=f'a "{metric}"').publish(
                snapshots[metric], GRAPH, partitions=PARTS
            )
            for metric in METRICS
        }


@pytest.fixture(params=[(k, m) for k in [*KINDS, "pgvector"] for m in METRICS], ids="-".join)
def key(request: pytest.FixtureRequest) -> tuple[str, str]:
    return request.param  # type: ignore[no-any-return]


@pytest.fixture
def index(
    key: tuple[str, str], indexes: dict[tuple[str, str], RecallIndex], request: pytest.FixtureRequest
) -> VectorIndex:
    if key[0] == "pgvector":
        return request.getfixturevalue("served")[key[1]]  # type: ignore[no-any-return]
    return indexes[key]


@pytest.fixture
def truth(key: tuple[str, str], indexes: dict[tuple[str, str], RecallIndex]) -> RecallIndex:
    return indexes["exact", key[1]]


def overlap(found: np.ndarray, wanted: np.ndarray) -> float:
    return float(np.mean([len(set(a) & set(b)) / len(b) for a, b in zip(found, wanted, strict=True)]))


def test_it_finds_the_nearest_with_their_exact_scores_in_order(
    index: VectorIndex, truth: RecallIndex
) -> None:
    queries = skewed(200, DIM, seed=5)
    hits, want = index.search(queries, K), truth.search(queries, K)
    assert overlap(hits.rows, want.rows) >= (1.0 if index is truth else 0.95)
    assert (np.diff(hits.scores, axis=1) <= 0).all()
    assert hits.ids.to_pylist() == truth.catalogue.ids.take(hits.rows.reshape(-1)).to_pylist()
    for query in range(200):
        by_row = dict(zip(want.rows[query], want.scores[query], strict=True))
        for row, score in zip(hits.rows[query], hits.scores[query], strict=True):
            assert score == by_row.get(row, score)


def test_scores_are_those_of_the_metric(index: VectorIndex, key: tuple[str, str]) -> None:
    vectors = skewed(N, DIM)
    query = skewed(1, DIM, seed=7)
    hits = index.search(query, K)
    there = vectors[hits.ids.to_numpy()]
    dot = there @ query[0]
    want = {
        "dot": dot,
        "cosine": dot / np.linalg.norm(there, axis=1) / np.linalg.norm(query),
        "l2": -np.square(there - query).sum(axis=1),
    }[key[1]]
    np.testing.assert_allclose(hits.scores[0], want, rtol=1e-5, atol=1e-6)


def test_filters_hold_before_the_top_k(index: VectorIndex, truth: RecallIndex) -> None:
    """The best allowed items are found although they are far below the best of all."""
    queries = skewed(40, DIM, seed=5)
    best = truth.search(queries, 100)
    seen = best.lists()
    half = np.arange(0, N, 2)
    asked = {
        "per query": {"deny": seen},
        "for all": {"allow": half},
        "both": {"allow": half, "deny": best.ids.unique()},
        "partition": {"partition": "music"},
        "own list": {"allow": [list(range(50))] * 40, "deny": [list(range(25))] * 40},
        "partition and list": {"partition": "music", "allow": half, "deny": seen},
    }
    for name, filters in asked.items():
        hits, want = index.search(queries, K, **filters), truth.search(queries, K, **filters)  # type: ignore[arg-type]
        found = hits.ids.to_numpy(zero_copy_only=False).reshape(40, K)
        assert (hits.rows >= 0).all(), name
        assert overlap(hits.rows, want.rows) >= (1.0 if index is truth or name == "own list" else 0.9), name
        if "allow" in filters and name != "own list":
            assert np.isin(found, half).all(), name
        if filters.get("deny") is seen:
            assert not any(set(f) & set(s) for f, s in zip(found, seen.to_pylist(), strict=True)), name
        if "partition" in filters:
            assert {PARTS[i] for i in found.reshape(-1)} == {"music"}, name


def test_where_there_are_fewer_than_k_the_rest_is_null(index: VectorIndex) -> None:
    hits = index.search(skewed(2, DIM), 5, allow=[7, 8, 9], deny=[[8], [7, 8, 9]])
    assert sorted(hits.ids.to_pylist()[:2]) == [7, 9]
    assert hits.ids.to_pylist()[2:] == [None] * 8
    assert (hits.rows[0, 2:] == -1).all()
    assert (hits.scores[0, 2:] == -np.inf).all()
    assert (hits.scores[1] == -np.inf).all()
    assert [len(ids) for ids in hits.lists().to_pylist()] == [2, 0]


def test_a_node_finds_itself_only_on_request(index: VectorIndex, key: tuple[str, str]) -> None:
    ids = [5, 2999, 5]
    for own in index.search_ids(ids, K).lists().to_pylist():
        assert not {5, 2999} <= set(own)
    without, with_self = index.search_ids(ids, K), index.search_ids(ids, K, include_self=True)
    assert all(i not in found for i, found in zip(ids, without.lists().to_pylist(), strict=True))
    if key[1] != "dot":
        assert [found[0] for found in with_self.lists().to_pylist()] == ids
    assert without.rows[0].tolist() == without.rows[2].tolist()


def test_users_without_history_are_denied_nothing(index: VectorIndex, truth: RecallIndex) -> None:
    """Lists that are all null say the same as none, though without a list among them they look flat."""
    queries = skewed(2, DIM)
    for deny in ([None, None], [None, []]):
        assert index.search(queries, K, deny=deny).ids.equals(index.search(queries, K).ids)
    assert index.search(queries[:1], K, deny=[None]).ids.equals(index.search(queries[:1], K).ids)
    for filters in ({"deny": [None]}, {"allow": [None, None]}):
        with pytest.raises(DataError, match="null"):
            index.search(queries, K, **filters)  # type: ignore[arg-type]


def test_no_queries_no_hits(index: VectorIndex) -> None:
    hits = index.search(np.empty((0, DIM), np.float32), K)
    assert hits.scores.shape == hits.rows.shape == (0, K)
    assert len(hits.ids) == len(hits.lists()) == 0


def test_bad_queries_are_refused_with_a_reason(index: VectorIndex) -> None:
    good = skewed(2, DIM)
    bad = good.copy()
    bad[1, 3] = np.nan
    for queries, k, filters, reason in (
        (bad, K, {}, "number 1"),
        (good[0], K, {}, r"\(16,\)"),
        (good.astype(np.int64), K, {}, "int64"),
        (good, 0, {}, "k = 0"),
        (good, K, {"partition": "cars"}, "no partition 'cars'"),
        (good, K, {"allow": ["a"]}, "string, not int64"),
        (good, K, {"deny": [1, None]}, "1 null ids"),
        (good, K, {"deny": [[1], [2], [3]]}, "3 lists for 2 queries"),
        (good, K, {"allow": [[1], None]}, "1 null lists"),
        (good, K, {"allow": [1, "a"]}, "not ids of one type"),
    ):
        with pytest.raises(DataError, match=reason):
            index.search(queries, k, **filters)  # type: ignore[arg-type]
    for call in (index.search_ids, lambda ids, k: index.vectors_of(ids)):
        with pytest.raises(DataError, match=r"1 of 2 ids are not in the item index.*-4"):
            call([3, -4], K)
