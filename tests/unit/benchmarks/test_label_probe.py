"""The benchmark of labels: its last line, and how it reads its tables."""

import json
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from benchmarks import label_probe
from embedding_features.arrays import I64

NODES = 90


@pytest.fixture(autouse=True)
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Small graphs of three blocks, which are the labels, in place of the public ones."""
    rng = np.random.default_rng(0)
    block = np.arange(NODES) % 3
    src, dst = np.nonzero(rng.random((NODES, NODES)) < np.where(block[:, None] == block, 0.3, 0.02))
    edges = pa.table({"src": src.astype(np.int32), "dst": dst.astype(np.int32)})
    node = np.arange(NODES, dtype=np.int32)
    label = pa.table({"node": node, "label": (block + 1).astype(np.int8)})
    split = np.array(["train", "test", "other"])[node // 30]
    words = pa.table({"node": node, "feature": (block * 2 + node % 2).astype(np.int32)})
    for name in ("blogcatalog", "cora"):
        (tmp_path / name).mkdir()
        pq.write_table(edges, tmp_path / name / "edges.parquet")
    pq.write_table(label, tmp_path / "blogcatalog" / "labels.parquet")
    pq.write_table(label.append_column("split", pa.array(split))[::-1], tmp_path / "cora" / "nodes.parquet")
    pq.write_table(words, tmp_path / "cora" / "features.parquet")
    (tmp_path / "hin_dblp").mkdir()
    for name, table in publications(rng).items():
        pq.write_table(table, tmp_path / "hin_dblp" / f"{name}.parquet")
    monkeypatch.setenv("EMBEDDING_FEATURES_DATA", str(tmp_path))


def publications(rng: np.random.Generator) -> dict[str, pa.Table]:
    """Papers of three areas, which their authors, venues and terms share but for a few terms; ids from 1."""
    paper = np.repeat(np.arange(NODES), 3)
    author, term = (rng.integers(0, 10, len(paper)) * 3 + paper % 3 for _ in range(2))
    term[:9] = np.arange(9)
    known = np.unique(author).astype(np.int32)
    return {
        "paper_author": ids(paper_id=paper, author_id=author),
        "paper_conf": ids(paper_id=np.arange(NODES), conf_id=np.arange(NODES) % 6),
        "paper_term": ids(paper_id=paper, term_id=term),
        "author_label": pa.table(
            {"author_id": known.astype(np.int32) + 1, "label": known.astype(np.int8) % 3}
        ),
    }


def ids(**columns: I64) -> pa.Table:
    return pa.table({name: (rows + 1).astype(np.int32) for name, rows in columns.items()})


@pytest.mark.parametrize(
    ("dataset", "method"),
    [
        ("blogcatalog", "line"),
        ("blogcatalog", "sdne"),
        ("blogcatalog", "dngr"),
        ("hin_dblp", "pte"),
        ("hin_dblp", "line"),
        ("blogcatalog", "prone"),
        ("blogcatalog", "netmf"),
        ("blogcatalog", "netmf_exact"),
        ("blogcatalog", "grarep"),
        ("cora", "tadw"),
        ("cora", "features"),
    ],
)
def test_the_last_line_is_json_and_blocks_are_found(
    dataset: str, method: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(
        sys, "argv", ["label_probe", "--dataset", dataset, "--method", method, "--splits", "3", "--json"]
    )
    label_probe.main()
    result = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert result["micro_f1"] > 0.8  # a third by chance
    assert result["splits"] == 3
    assert all(result[name] > 0 for name in ("macro_f1", "fit_seconds", "probe_seconds", "peak_rss_mb"))
    assert ("public_split_micro_f1" in result) == (dataset == "cora")


def test_publications_are_in_one_space_of_rows() -> None:
    """Papers 0 … 89, then 30 authors, 6 venues and 30 terms; labels are of authors."""
    data = label_probe.read("hin_dblp")
    assert [network.targets for network in data.networks] == [(90, 120), (120, 126), (126, 156)]
    venue = data.networks[1].edges
    assert venue.indices.tolist() == [paper % 6 for paper in range(90)]
    assert data.adjacency.indices[data.adjacency.indptr[7] :][:3].min() >= 90
    joined = set(zip(data.adjacency.sources().tolist(), data.adjacency.indices.tolist(), strict=True))
    assert {(7, 121), (121, 7)} <= joined
    assert data.labels.rows == 156
    np.testing.assert_array_equal(data.labels.sources() % 3, data.labels.indices)
    assert set(data.labels.sources().tolist()) <= set(range(90, 120))


def test_words_count_the_more_the_fewer_have_them() -> None:
    """Word 0 is in both nodes, word 1 in one: log 1 = 0 and log 2, then rows of length 1."""
    np.testing.assert_allclose(label_probe.tf_idf(np.array([[1, 1], [3, 0]], np.float32)), [[0, 1], [0, 0]])
    counts = np.array([[2, 1, 0], [0, 1, 0], [0, 0, 4], [0, 0, 1]], np.float32)
    first = np.array([2 * np.log(4), np.log(2), 0])
    np.testing.assert_allclose(label_probe.tf_idf(counts)[0], first / np.linalg.norm(first), rtol=1e-6)


def test_edges_go_both_ways_once_and_loops_are_left_out() -> None:
    csr = label_probe._adjacency(np.array([[0, 1, 1, 2], [1, 0, 2, 2]]), 3)
    assert list(zip(csr.sources().tolist(), csr.indices.tolist(), strict=True)) == [
        (0, 1),
        (1, 0),
        (1, 2),
        (2, 1),
    ]


def test_rows_are_in_the_order_of_nodes() -> None:
    data = label_probe.read("cora")
    assert data.features is not None
    assert data.split is not None
    assert data.labels.indices.tolist() == [node % 3 for node in range(NODES)]
    assert data.split["test"].tolist() == list(range(30, 60))
    assert data.features.argmax(axis=1).tolist() == [node % 3 * 2 + node % 2 for node in range(NODES)]
