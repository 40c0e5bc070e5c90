"""Exact search against a plain loop, on random vectors, filters and partitions."""

import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from embedding_features.artifact import Metric
from embedding_features.recall import HNSW, RecallIndex
from embedding_features.recall import approximate as approximate_search
from embedding_features.recall.exact import scan
from tests.unit.recall.recall_data import naive, skewed, snapshot_of

ARE_IDS = st.sampled_from(["int64", "string"])


@st.composite
def cases(draw: st.DrawFn) -> dict[str, Any]:
    """Whole numbers as coordinates: scores are exact in float32, and ties many."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    n, q, dim = draw(st.integers(1, 200)), draw(st.sampled_from([1, 3, 33, 70])), draw(st.integers(1, 5))
    ids: list[Any] = rng.permutation(10 * n)[:n].tolist()
    if draw(ARE_IDS) == "string":
        ids = [f"ü{i}" for i in ids]
    known = [*ids, ids[0]]

    def lists() -> list[list[Any]]:
        return [rng.choice(known, rng.integers(0, n + 2)).tolist() for _ in range(q)]

    def flat() -> list[Any]:
        return list(lists()[0])

    domains = ["a", "b", "c"][: draw(st.integers(1, 3))]
    return {
        "ids": ids,
        "vectors": rng.integers(-3, 4, (n, dim)).astype(np.float32),
        "queries": rng.integers(-3, 4, (q, dim)).astype(np.float32),
        "k": draw(st.integers(1, n + 3)),
        "allow": draw(st.sampled_from([lambda: None, flat, lists]))(),
        "deny": draw(st.sampled_from([lambda: None, flat, lists]))(),
        "domains": {i: domains[rng.integers(len(domains))] for i in ids} if draw(st.booleans()) else None,
        "choose": draw(st.integers(0, 2)),
        "tile": draw(st.sampled_from([7, 300])),
        "group": draw(st.sampled_from([1, 8])),
    }


def permitted(case: dict[str, Any], query: int, partition: str | None) -> dict[Any, bool]:
    out = {}
    for one in case["ids"]:
        good = partition is None or case["domains"][one] == partition
        for name, wanted in (("allow", True), ("deny", False)):
            given_ids = case[name]
            if given_ids is not None:
                per_query = len(given_ids) > 0 and isinstance(given_ids[0], list)
                good &= (one in (given_ids[query] if per_query else given_ids)) == wanted
        out[one] = good
    return out


@given(case=cases(), metric=st.sampled_from(["dot", "cosine", "l2"]))
@settings(max_examples=60, deadline=None)
def test_exact_search_is_the_plain_loop(case: dict[str, Any], metric: Metric) -> None:
    partition = None
    if case["domains"]:
        held = sorted(set(case["domains"].values()))
        partition = [None, *held][min(case["choose"], len(held))]
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr(scan, "_TILE", case["tile"])
        patch.setattr(scan, "_GROUP", case["group"])
        made = snapshot_of(Path(folder) / "runs", case["vectors"], metric, case["ids"])
        index = RecallIndex.build(made, "item", partitions=case["domains"])
        hits = index.search(
            case["queries"], case["k"], allow=case["allow"], deny=case["deny"], partition=partition
        )
    got = np.array(hits.ids.to_pylist(), object).reshape(-1, case["k"])
    assert hits.ids.take(np.flatnonzero(hits.rows.reshape(-1) >= 0)).equals(
        index.catalogue.ids.take(hits.rows[hits.rows >= 0])
    )
    for query, vector in enumerate(case["queries"]):
        opened = permitted(case, query, partition)
        want = naive(case["ids"], case["vectors"], vector, case["k"], metric, opened, case["domains"])
        there = [i for i in got[query] if i is not None]
        assert len(there) == len(want)
        scores = hits.scores[query]
        np.testing.assert_allclose(scores[: len(want)], [score for _, score in want], atol=1e-6)
        assert (scores[len(want) :] == -np.inf).all()
        if metric == "cosine":  # not exact in float32: ties break by rounding, so compare scores
            everyone = dict(naive(case["ids"], case["vectors"], vector, len(case["ids"]), metric))
            np.testing.assert_allclose([everyone[i] for i in there], [s for _, s in want], atol=1e-6)
        else:
            assert there == [i for i, _ in want]


@given(
    seed=st.integers(0, 2**32),
    share=st.floats(0.02, 1),
    most=st.sampled_from([0, 5, 300]),
    metric=st.sampled_from(["dot", "cosine", "l2"]),
)
@settings(max_examples=25, deadline=None)
def test_a_filtered_graph_finds_only_what_is_open_and_as_many_as_there_are(
    seed: int, share: float, most: int, metric: Metric
) -> None:
    rng = np.random.default_rng(seed)
    n, k, q = 800, 10, 6
    allow = np.flatnonzero(rng.random(n) < share)
    deny = [rng.choice(n, rng.integers(0, most + 1), replace=False).tolist() for _ in range(q)]
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr(approximate_search, "_ROWS_PER_STEP", 0)  # never give way to exact search
        made = snapshot_of(Path(folder) / "runs", skewed(n, seed=seed), metric)
        index = RecallIndex.build(made, "item", HNSW(links=8, ef_construction=40, ef_search=24))
        hits = index.search(skewed(q, seed=seed + 1), k, allow=allow, deny=deny)
        reference = RecallIndex.build(made, "item").search(
            skewed(q, seed=seed + 1), k, allow=allow, deny=deny
        )
    for query in range(q):
        rows = hits.rows[query]
        found = rows[rows >= 0]
        assert set(found) <= set(allow) - set(deny[query])
        assert len(set(found)) == len(found) == min(k, len(set(allow) - set(deny[query])))
        assert (np.diff(hits.scores[query][: len(found)]) <= 0).all()
        both = np.isin(found, reference.rows[query])
        same = np.searchsorted(np.sort(reference.rows[query]), found[both])
        ordered = reference.scores[query][np.argsort(reference.rows[query])][same]
        np.testing.assert_array_equal(hits.scores[query][: len(found)][both], ordered)
