"""The benchmark of walks: its last line without peers, and that it reads labels as they are."""

import json
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from benchmarks import walks
from embedding_features.solvers.sgns import SGNS


@pytest.fixture(autouse=True)
def _two_groups(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A graph of two groups in place of blogcatalog; twice the group is the label, so that there is no 1."""
    rng = np.random.default_rng(0)
    group = np.repeat([0, 1], 40)
    chance = np.where(group[:, None] == group, 0.4, 0.01)
    src, dst = np.nonzero(np.triu(rng.random((80, 80)) < chance, 1))
    (tmp_path / "blogcatalog").mkdir()
    edges, labels = {"src": src, "dst": dst}, {"node": np.arange(80), "label": 2 * group}
    for name, table in (("edges", edges), ("labels", labels)):
        columns = {key: value.astype(np.int32) for key, value in table.items()}
        pq.write_table(pa.table(columns), tmp_path / "blogcatalog" / f"{name}.parquet")
    monkeypatch.setenv("EMBEDDING_FEATURES_DATA", str(tmp_path))
    monkeypatch.setattr(walks, "TRAINING", SGNS(dim=8, walks_per_node=20, window=4, learning_rate=0.1))


def test_the_last_line_has_the_figures(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = ["--without-peers", "--json", "--rounds", "1", "--seeds", "2"]
    monkeypatch.setattr(sys, "argv", ["walks", *settings])
    walks.main()
    result = json.loads(capsys.readouterr().out.splitlines()[-1])
    for name in ("walks_per_s", "second_order_walks_per_s", "pairs_per_s", "peak_rss_mb"):
        assert result[name] > 0, name
    assert result["peers"] == "not asked for"
    assert len(result["deepwalk_micro_f1_seeds"]) == 2
    assert result["deepwalk_micro_f1"] > 0.95


def test_a_node_gets_as_many_labels_as_it_has() -> None:
    graph, has = walks.read("blogcatalog")
    assert graph.rows == 80
    assert has.shape == (80, 2)
    assert (has.sum(axis=1) == 1).all()
    noise = np.random.default_rng(0).standard_normal((80, 3)).astype(np.float32)
    assert walks.micro_f1(noise, has) < 0.8
    assert walks.micro_f1(has.astype(np.float32), has) == 1
