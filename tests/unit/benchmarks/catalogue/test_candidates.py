"""Held-out destinations ranked among given others."""

from dataclasses import replace
from math import log2
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from benchmarks.catalogue.data.base import AS_OF, Data
from benchmarks.catalogue.data.candidates import Candidates
from benchmarks.catalogue.data.ml1m import ml1m
from benchmarks.catalogue.judges.candidates import CandidateJudge
from embedding_features.artifact.embeddings import EmbeddingTable
from embedding_features.graph import Graph
from embedding_features.methods import make


def test_held_out_ratings_are_not_learned_from(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EMBEDDING_FEATURES_DATA", str(tmp_path))
    (tmp_path / "ml1m").mkdir()
    rated = {"user_id": [1, 1, 2, 2, 2], "item_id": [5, 6, 5, 7, 8], "rating": [4, 4, 1, 2, 3]}
    held_out = {"user_id": [2, 1], "item_id": [7, 6], "negatives": [[6, 9], [7, 8]]}
    for name, columns in (("ratings", rated), ("ncf_loo_test", held_out)):
        pq.write_table(pa.table(columns), tmp_path / "ml1m" / f"{name}.parquet")
    data = ml1m()
    relation = data.graph.relation()
    assert (relation.src, relation.dst) == data.asked.ends == ("user", "item")
    ids = {t: vocabulary.ids.to_pylist() for t, vocabulary in data.graph.vocabularies.items()}
    forward = relation.forward
    learned = [
        (ids["user"][s], ids["item"][d]) for s, d in zip(forward.sources(), forward.indices, strict=True)
    ]
    assert sorted(learned) == [(1, 5), (2, 5), (2, 8)]
    assert (data.asked.src.to_pylist(), data.asked.dst.to_pylist()) == ([2, 1], [7, 6])
    assert data.asked.others.tolist() == [[6, 9], [7, 8]]


def test_places_by_hand() -> None:
    """Of user 0: first; of 1: third, beside another; of 2: its item has no vector, as one of the others."""
    items = np.arange(4)
    graph = Graph.from_arrays(AS_OF, {("user", "rated", "item"): (items, items)})
    found = make("spectral", dim=1).fit(graph)
    tables = {
        "user": EmbeddingTable("user", pa.array(items), np.ones((4, 1), np.float32), 4),
        "item": EmbeddingTable("item", pa.array(items), np.array([[4], [3], [2], [2]], np.float32), 4),
    }
    found = replace(found, tables=tables)
    others = np.array([[1, 2, 3], [0, 1, 3], [3, 8, 1]])
    asked = Candidates(("user", "item"), pa.array([0, 1, 2]), pa.array([0, 2, 9]), others)
    assert CandidateJudge().places(asked, found).tolist() == [1, 3.5, 3.5]
    figures = CandidateJudge(k=3).figures(Data(graph, asked), found, 0)
    assert figures == pytest.approx({"hr@3": 1 / 3, "ndcg@3": 1 / 3})
    figures = CandidateJudge(k=4).figures(Data(graph, asked), found, 0)
    assert figures == pytest.approx({"hr@4": 1, "ndcg@4": (1 + 2 / log2(4.5)) / 3})


def test_what_is_to_be_found_does_not_stand_beside_itself() -> None:
    items = np.arange(3)
    graph = Graph.from_arrays(AS_OF, {("user", "rated", "item"): (items, items)})
    found = make("spectral", dim=1).fit(graph)
    asked = Candidates(("user", "item"), pa.array([0]), pa.array([1]), np.array([[1, 1]]))
    assert CandidateJudge().places(asked, found).tolist() == [1]
