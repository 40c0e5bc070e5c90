"""Snapshots to search, and the naive search they are compared with."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from embedding_features.arrays import F32
from embedding_features.artifact import Metric, Snapshot, write_snapshot
from tests.unit.derive.made_embeddings import embeddings, table


def snapshot_of(root: Path, vectors: F32, metric: Metric = "dot", ids: Any = None, seed: int = 0) -> Snapshot:
    """A snapshot of items alone, with ids 0 … n-1 unless given."""
    return write_snapshot(embeddings({"item": table("item", vectors, ids)}, metric=metric, seed=seed), root)


def skewed(n: int, dim: int = 16, seed: int = 0) -> F32:
    """Directions around few topics, lengths by a power law: what popularity makes of trained vectors."""
    rng = np.random.default_rng(seed)
    topics = np.random.default_rng(99).normal(size=(12, dim))
    mixed = topics[rng.integers(0, 12, n)] + 0.7 * rng.normal(size=(n, dim))
    length = (rng.permutation(n) + 1.0) ** -0.25
    return (mixed / np.linalg.norm(mixed, axis=1, keepdims=True) * length[:, None]).astype(np.float32)


def naive(
    ids: Sequence[Any],
    vectors: F32,
    query: F32,
    k: int,
    metric: Metric,
    permitted: Mapping[Any, bool] | None = None,
    domains: Mapping[Any, str] | None = None,
) -> list[tuple[Any, float]]:
    """(id, score) of the k best by a plain loop, ties by domain, then id."""
    found = []
    for one, vector in zip(ids, vectors.astype(np.float64), strict=True):
        if permitted is not None and not permitted[one]:
            continue
        q = query.astype(np.float64)
        if metric == "l2":
            score = -float(((q - vector) ** 2).sum())
        else:
            score = float(q @ vector)
            if metric == "cosine":
                lengths = np.linalg.norm(q) * np.linalg.norm(vector)
                score = score / float(lengths) if lengths > 0 else 0.0
        found.append((one, score))
    return sorted(found, key=lambda hit: (-hit[1], domains[hit[0]] if domains else "", hit[0]))[:k]
