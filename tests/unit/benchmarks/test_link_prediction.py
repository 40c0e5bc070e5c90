"""The benchmark of link prediction: its last line, and what it ranks."""

import json
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from benchmarks import link_prediction
from benchmarks.catalogue.data.fb15k237 import fb15k237
from embedding_features.methods import make

ROWS = 30


@pytest.fixture(autouse=True)
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Relation 0 leads one entity on, relation 1 back; entity 30 is in no training triple."""
    on = np.arange(ROWS - 1)
    head, tail = np.concatenate([on, on + 1, [30]]), np.concatenate([on + 1, on, [29]])
    relation = np.concatenate([0 * on, 0 * on + 1, [1]])
    split = np.full(len(head), "train", object)
    split[[30, 40]], split[[35, 45, -1]] = "valid", "test"
    (tmp_path / "fb15k237").mkdir()
    columns = {"head": head.astype(np.int32), "relation": relation.astype(np.int32)}
    columns |= {"tail": tail.astype(np.int32), "split": split}
    pq.write_table(pa.table(columns), tmp_path / "fb15k237" / "triples.parquet")
    monkeypatch.setenv("EMBEDDING_FEATURES_DATA", str(tmp_path))


@pytest.mark.parametrize("split", ["valid", "test"])
def test_the_last_line_is_json_and_a_chain_is_found(
    split: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = ["dim=16", "epochs=40", "batch_size=32", "candidates=null"]
    arguments = ["link_prediction", "--split", split, "--json", *(f"--set={one}" for one in settings)]
    monkeypatch.setattr(sys, "argv", arguments)
    link_prediction.main()
    report = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert report["method"] == "complex"
    assert report["split"] == split
    assert report["mrr"] > (0.9 if split == "valid" else 0.6)  # one test triple in three is of entity 30
    assert report["hits@1"] <= report["hits@3"] <= report["hits@10"]
    assert report["fit_seconds"] > 0
    assert report["triples_per_s"] > 0


def test_training_triples_alone_are_learned_from() -> None:
    data = fb15k237()
    assert [r.forward.edges for r in data.graph.relations.values()] == [29, 25]
    table = make("transe", dim=4, epochs=1).fit(data.graph).tables["entity"]
    assert (table.catalogue, table.ids.to_pylist()) == (31, list(range(30)))
