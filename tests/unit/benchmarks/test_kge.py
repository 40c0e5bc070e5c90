"""The benchmark beside pykeen: its last line without peers, on a small graph that can be learned."""

import json
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from benchmarks import kge


@pytest.fixture(autouse=True)
def _ring(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Twelve nodes around a ring, relations one and two steps on, in place of fb15k237."""
    head, step = np.meshgrid(np.arange(12), [1, 2])
    split = np.where((head % 4 == 0) & (step == 2), "valid", "train").ravel()
    split[0] = "test"
    columns = {"head": head.ravel(), "relation": step.ravel() - 1, "tail": ((head + step) % 12).ravel()}
    (tmp_path / "fb15k237").mkdir()
    pq.write_table(pa.table({**columns, "split": split}), tmp_path / "fb15k237" / "triples.parquet")
    monkeypatch.setenv("EMBEDDING_FEATURES_DATA", str(tmp_path))


@pytest.mark.parametrize("operator", ["translation", "complex"])
def test_the_last_line_has_the_figures(
    operator: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    size = ["--dim", "16", "--batch-size", "8", "--negatives", "8", "--epochs", "150", "--lr", "0.02"]
    monkeypatch.setattr(sys, "argv", ["kge", "--operator", operator, "--without-peers", "--json", *size])
    kge.main()
    result = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert result["triples_per_s"] > 0
    assert result["peers"] == "not asked for"
    assert result["valid_mrr"] > 0.4  # vectors that know nothing earn .18
