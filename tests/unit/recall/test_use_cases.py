"""The examples of the use cases are right; an index may be searched by other settings."""

import doctest
from pathlib import Path

import numpy as np
import pytest

from embedding_features.artifact import write_snapshot
from embedding_features.errors import ConfigError
from embedding_features.recall import HNSW, Exact, Queries, RecallIndex, use_cases
from tests.unit.derive.made_embeddings import embeddings, table
from tests.unit.recall.recall_data import skewed, snapshot_of

USERS = np.array([[1, 0], [0.5, 1], [-1, 0.5]], np.float32)
ITEMS = np.array([[0, 1.6], [1, 1], [2, 0.1], [0.6, 1.5]], np.float32)


def test_the_examples_are_right(tmp_path: Path) -> None:
    tables = {
        "user": table("user", USERS, [1, 2, 3]),
        "item": table("item", ITEMS, ["opera", "film", "tv", "book"]),
    }
    snapshot = write_snapshot(embeddings(tables), tmp_path)
    domains = {"opera": "stage", "film": "screen", "tv": "screen", "book": "page"}
    found = doctest.testmod(
        use_cases,
        extraglobs={
            "np": np,
            "Queries": Queries,
            "users": RecallIndex.build(snapshot, "user"),
            "items": RecallIndex.build(snapshot, "item", partitions=domains),
        },
    )
    assert found.attempted >= 5
    assert found.failed == 0


def test_a_broader_search_finds_no_less(tmp_path: Path) -> None:
    made = snapshot_of(tmp_path, skewed(3000), "cosine")
    queries = skewed(200, seed=4)
    want = RecallIndex.build(made, "item").search(queries, 10).rows
    narrow = RecallIndex.build(made, "item", HNSW(links=4, ef_construction=10, ef_search=10))
    broad = narrow.retuned(HNSW(links=4, ef_construction=10, ef_search=200))
    right = [
        sum(len(set(a) & set(b)) for a, b in zip(index.search(queries, 10).rows, want, strict=True))
        for index in (narrow, broad)
    ]
    assert right[0] + 50 < right[1]


def test_what_it_was_built_by_cannot_be_changed_afterwards(tmp_path: Path) -> None:
    index = RecallIndex.build(snapshot_of(tmp_path, skewed(50)), "item", HNSW(links=4))
    for other, named in ((HNSW(links=8), "links"), (Exact(), "kind")):
        with pytest.raises(ConfigError, match=f"cannot be searched by.*different {named}"):
            index.retuned(other)
