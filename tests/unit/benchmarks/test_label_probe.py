"""The benchmark of labels: its last line, and how it reads its tables."""

import json
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from benchmarks import label_probe

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
    monkeypatch.setenv("EMBEDDING_FEATURES_DATA", str(tmp_path))


@pytest.mark.parametrize(
    ("dataset", "method"),
    [
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
