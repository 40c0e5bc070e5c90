"""The benchmark of labels: its last line, its settings, and labels that it keeps to itself."""

import json
import sys
from pathlib import Path

import numpy as np
import pytest

from benchmarks import label_probe
from benchmarks.catalogue.data.labelled import blogcatalog
from tests.unit.benchmarks.catalogue.worlds import NODES, write_blocks


@pytest.fixture(autouse=True)
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_blocks(tmp_path)
    monkeypatch.setenv("EMBEDDING_FEATURES_DATA", str(tmp_path))


def test_the_last_line_is_json_and_blocks_are_found(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = ["label_probe", "--method", "prone", "--set", "dim=8", "--splits", "3", "--json"]
    monkeypatch.setattr(sys, "argv", asked)
    label_probe.main()
    result = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert result["micro_f1"] > 0.8  # a third by chance
    assert result["settings"] == {"dim": 8}
    assert all(result[name] > 0 for name in ("macro_f1", "fit_seconds", "probe_seconds", "peak_rss_mb"))


def test_blind_labels_are_gone_the_same_ones_each_time() -> None:
    whole = blogcatalog()
    left = label_probe.seen(whole, 0.2).asked.has
    assert (left.degrees > 0).sum() == NODES - 18
    assert left.rows == whole.asked.has.rows
    assert np.array_equal(left.indptr, label_probe.seen(whole, 0.2).asked.has.indptr)
    assert label_probe.seen(whole, 0.0).asked.has.edges == NODES
