"""How data sets are read into graphs, and how judges read vectors."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from benchmarks.catalogue.data.base import AS_OF, Data
from benchmarks.catalogue.data.cora import cora
from benchmarks.catalogue.data.fb15k237 import fb15k237
from benchmarks.catalogue.data.hin_dblp import hin_dblp
from benchmarks.catalogue.data.labelled import labels_of, undirected, wiki_tadw
from benchmarks.catalogue.judges.labels import LabelJudge
from benchmarks.catalogue.judges.links import LinkJudge
from embedding_features.artifact.embeddings import EmbeddingTable
from embedding_features.graph import Graph
from embedding_features.methods import make


@pytest.fixture(autouse=True)
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("EMBEDDING_FEATURES_DATA", str(tmp_path))
    return tmp_path


def write(path: Path, **columns: object) -> None:
    path.parent.mkdir(exist_ok=True)
    pq.write_table(pa.table(columns), path)


def test_edges_stand_once_without_loops_and_nodes_may_have_several_labels(root: Path) -> None:
    write(root / "wiki_tadw" / "edges.parquet", src=[3, 0, 3, 2], dst=[0, 3, 3, 0])
    write(root / "wiki_tadw" / "labels.parquet", node=[3, 0, 3, 7], label=[5, 2, 2, 5])
    assert [ends.tolist() for ends in undirected("wiki_tadw")] == [[0, 0], [2, 3]]
    data = wiki_tadw()
    assert data.graph.relation("linked").forward.edges == 2
    assert data.asked.ids.tolist() == [0, 3, 7]
    assert data.asked.has.indices.tolist() == [0, 0, 1, 1]
    assert data.asked.has.degrees.tolist() == [1, 2, 1]


def test_cora_has_words_and_dblp_its_relations(root: Path) -> None:
    write(root / "cora" / "edges.parquet", src=[0, 1], dst=[1, 2])
    write(root / "cora" / "features.parquet", node=[0, 2, 2], feature=[4, 4, 6])
    write(root / "cora" / "nodes.parquet", node=[0, 1, 2], label=[1, 1, 0])
    words = cora().graph.relation("has_word")
    assert (words.src, words.dst, words.forward.edges) == ("paper", "word", 3)
    assert cora().asked.has.columns == 2
    for other in ("author", "conf", "term"):
        write(root / "hin_dblp" / f"paper_{other}.parquet", **{"paper_id": [1, 2], f"{other}_id": [5, 6]})
    write(root / "hin_dblp" / "author_label.parquet", author_id=[6, 5], label=[0, 1])
    data = hin_dblp()
    ends = {name: (one.src, one.dst) for name, one in data.graph.relations.items()}
    assert ends == {
        "wrote": ("author", "paper"),
        "published_at": ("paper", "venue"),
        "has_term": ("paper", "term"),
    }
    assert (data.asked.node_type, data.asked.ids.tolist()) == ("author", [5, 6])


def test_labels_are_read_from_the_vectors_of_their_ids() -> None:
    """Ids stand in another order than labels, and node 0 has no vector."""
    node = np.arange(20)
    graph = Graph.from_arrays(AS_OF, {("node", "linked", "node"): (node, node[::-1].copy())})
    ids = node[:0:-1]
    vectors = np.where(ids[:, None] % 2 == 0, [1.0, 0.0], [0.0, 1.0]).astype(np.float32)
    found = make("prone", dim=4).fit(graph)
    found = replace(found, tables={"node": EmbeddingTable("node", pa.array(ids), vectors, 20)})
    judge = LabelJudge(train_share=0.5)
    assert judge.figures(Data(graph, labels_of("node", node, node % 2)), found, 0)["micro_f1"] > 0.9


def test_triples_are_ranked_by_the_published_vectors_as_by_a_loop(root: Path) -> None:
    """Entity 12 has no training triple, and the second test triple is about it."""
    rng = np.random.default_rng(0)
    triples = np.unique(rng.integers(0, [12, 2, 12], (60, 3)), axis=0)
    split = np.array(["train", "valid", "test"])[rng.integers(0, 3, len(triples)) * (triples[:, 0] > 5)]
    triples, split = np.concatenate([triples, [[12, 1, 0]]]), np.append(split, "test")
    head, relation, tail = triples.T
    folder = root / "fb15k237"
    write(folder / "triples.parquet", head=head, relation=relation, tail=tail, split=split)
    data = fb15k237()
    embeddings = make("transe", dim=8, epochs=2).fit(data.graph)
    figures = LinkJudge().figures(data, embeddings, 0)
    entity, of = embeddings.tables["entity"], embeddings.tables["relation"]
    vectors = np.zeros((13, 8))
    vectors[entity.ids.to_numpy()] = entity.vectors
    named = dict(zip(of.ids.to_pylist(), of.vectors, strict=True))
    known, ranks = {tuple(one) for one in triples.tolist()}, []
    for s, r, t in triples[split == "test"].tolist():
        name = f"relation_{r:03}"
        others = [x for x in range(13) if x == t or (s, r, x) not in known]
        ranks.append(_rank(vectors[s] + named[name] - vectors[others], others.index(t)))
        others = [x for x in range(13) if x == s or (x, r, t) not in known]
        ranks.append(_rank(vectors[t] + named[f"~{name}"] - vectors[others], others.index(s)))
    assert figures["mrr"] == pytest.approx(np.mean(1 / np.array(ranks)))
    assert figures["hits@3"] == pytest.approx(np.mean(np.array(ranks) <= 3))


def _rank(difference: np.ndarray, row: int) -> int:
    distance = np.linalg.norm(difference, axis=1)
    return 1 + int((distance < distance[row]).sum())
