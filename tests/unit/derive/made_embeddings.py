"""Small embeddings with everything a snapshot records."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pyarrow as pa
from torch import nn

from embedding_features.arrays import F32
from embedding_features.artifact import Embeddings, EmbeddingTable, Metric, Provenance

AS_OF = datetime(2026, 3, 1, 12, 30, 15, 250_001, tzinfo=UTC)


def table(node_type: str, vectors: F32, ids: Any = None, catalogue: int | None = None) -> EmbeddingTable:
    """A table with ids 0 … n-1 unless given."""
    ids = pa.array(np.arange(len(vectors)) if ids is None else ids)
    return EmbeddingTable(node_type, ids, vectors, len(vectors) if catalogue is None else catalogue)


def embeddings(
    tables: Mapping[str, EmbeddingTable] | None = None,
    *,
    dim: int = 8,
    metric: Metric = "dot",
    scorer: str = "dot",
    as_of: datetime = AS_OF,
    seed: int = 0,
    encoder: nn.Module | None = None,
) -> Embeddings:
    """Given tables, or 60 users with int64 ids and 90 items with string ids, normally distributed."""
    if tables is None:
        rng = np.random.default_rng(seed)
        users, items = (rng.normal(size=(n, dim)).astype(np.float32) for n in (60, 90))
        tables = {
            "user": table("user", users, np.arange(60) * 7 - 2**60, catalogue=100),
            "item": table("item", items, [f"ü{i}" for i in range(90)]),
        }
    provenance = Provenance(
        method="toy",
        config={"kind": "toy", "lr": 0.1, "layers": [1, 2]},
        metric=metric,
        scorer=scorer,
        as_of=as_of,
        seed=seed,
        graph_fingerprint="f1",
        edges={"rates": (1234, datetime(2026, 1, 1, tzinfo=UTC), as_of), "knows": (5, None, None)},
        figures={"loss": 0.25},
    )
    return Embeddings(tables, provenance, encoder)
