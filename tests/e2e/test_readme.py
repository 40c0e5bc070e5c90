"""The README's example for a notebook runs as it stands."""

import re
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from embedding_features.store import ensure_repo, list_published
from tests.paths import ROOT


def block(language: str) -> str:
    (found,) = re.findall(rf"```{language}\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    return found


def write_orders(folder: Path) -> None:
    """Write 3,000 orders of 80 customers, who like every second product or the others."""
    rng = np.random.default_rng(0)
    customer = rng.integers(0, 80, 3000)
    product = 2 * rng.integers(0, 60, 3000) + customer % 2
    days = rng.integers(0, 90, 3000).tolist()
    table = {
        "customer": [f"c{number}" for number in customer],
        "product": product,
        "ordered_at": [datetime(2026, 6, 1) + timedelta(days=day) for day in days],
    }
    folder.mkdir(parents=True)
    pq.write_table(pa.table(table), folder / "orders.parquet")


def test_the_notebook_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write_orders(tmp_path / "logs" / "orders")
    (tmp_path / "graph.yaml").write_text(block("yaml"))
    ensure_repo(tmp_path / "feature_repo")
    exec(block("python"), {})  # noqa: S102 (our own README)
    (run,) = list_published(tmp_path / "feature_repo")
    assert run.manifest.space.dim == 64
    assert set(run.manifest.nodes) == {"user", "item"}
