"""A small row, and data for it."""

import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.catalogue.judges.labels import LabelJudge
from benchmarks.catalogue.kept import Kept
from benchmarks.catalogue.rows import Row

NODES = 90
ROW = Row(
    family="proximity",
    method="prone",
    data="blogcatalog",
    judge=LabelJudge(train_share=0.9, splits=2),
    metrics=("micro_f1", "macro_f1"),
    settings={"dim": 8},
    published={"micro_f1": 0.9},
    floors={"micro_f1": 0.8},
)


def write_blocks(root: Path, name: str = "blogcatalog") -> None:
    """Write a graph of three blocks, which are the labels, and a manifest."""
    rng = np.random.default_rng(0)
    block = np.arange(NODES) % 3
    src, dst = np.nonzero(rng.random((NODES, NODES)) < np.where(block[:, None] == block, 0.3, 0.02))
    (root / name).mkdir(parents=True, exist_ok=True)
    edges = pa.table({"src": src.astype(np.int32), "dst": dst.astype(np.int32)})
    labels = pa.table({"node": np.arange(NODES, dtype=np.int32), "label": (block + 1).astype(np.int8)})
    pq.write_table(edges, root / name / "edges.parquet")
    pq.write_table(labels, root / name / "labels.parquet")
    write_manifest(root, {name: {"tables": {"edges.parquet": {"sha256": "ab"}}}})


def write_manifest(root: Path, entries: dict[str, object]) -> None:
    """Write what the manifest says of data sets."""
    (root / "MANIFEST.json").write_text(json.dumps(entries))


def kept_row(**changed: object) -> Kept:
    """Return a row as if it had been measured."""
    settings: dict[str, object] = {
        "method": "prone",
        "family": "proximity",
        "data": "blogcatalog",
        "settings": {"dim": 8},
        "composition": "a",
        "code": "b",
        "data_hash": "c",
        "seeds": (0, 1, 2),
        "figures": {"micro_f1": (0.7, 0.8, 0.9), "macro_f1": (0.5, 0.5, 0.5)},
        "mean": {"micro_f1": 0.8, "macro_f1": 0.5},
        "spread": {"micro_f1": 0.1, "macro_f1": 0.0},
        "seconds": 12.3,
        "cpu_seconds": 12.0,
        "peak_mb": 456.7,
        "threads": 1,
        "cores": 2,
        "date": "2026-01-01",
        "published": {"micro_f1": 0.9},
        "floors": {"micro_f1": 0.8},
    }
    return Kept.model_validate({**settings, **changed})
