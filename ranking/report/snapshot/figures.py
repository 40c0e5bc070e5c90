"""What a snapshot's vectors of one node type look like: norms, a map, first clusters, neighbours."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from embedding_features.arrays import F64, I64
from embedding_features.artifact import Kind, Snapshot
from embedding_features.artifact.metric import as_compared
from embedding_features.space.column_batches import all_ids, column_batches, matrix, values_at
from ranking.report.snapshot.tsne import lay_out

#: nodes of one type that are shown one by one
SHOWN = 2000
#: neighbours shown of each
NEIGHBOURS = 10


@dataclass(frozen=True)
class Neighbourhood:
    """The nearest neighbours of the nodes shown.

    Attributes:
        node_type: node type of the neighbours.
        ids: [shown * k] ids of the neighbours, best first within each node.
        scores: [shown, k] their scores.
    """

    node_type: str
    ids: pa.Array
    scores: F64


@dataclass(frozen=True)
class NodeFigures:
    """Holds figures of the vectors of one node type.

    Attributes:
        count: how many vectors there are.
        catalogue: how many nodes there are, those without a vector included.
        norms: [count] lengths of all vectors.
        ids: [shown] ids of the nodes shown: all, or evenly spaced ones.
        positions: [shown, 2] on the map, each in 0 … 1; None where there is nothing to lay out.
        clusters: [shown] first cluster of each node; None without clusters.
        weights: [shown] weight of that cluster; None without clusters.
        sizes: [clusters] nodes whose first cluster it is, of all; empty without clusters.
        neighbourhood: nearest neighbours of the nodes shown; None where the snapshot has none.
    """

    node_type: str
    count: int
    catalogue: int
    norms: F64
    ids: pa.Array
    positions: F64 | None
    clusters: I64 | None
    weights: F64 | None
    sizes: I64
    neighbourhood: Neighbourhood | None


def shown_rows(count: int) -> I64:
    """Return all rows, or :data:`SHOWN` evenly spaced ones: ids are in the order they were first seen in."""
    return np.unique(np.linspace(0, count - 1, min(count, SHOWN)).round().astype(np.int64))


def node_figures(snapshot: Snapshot, node_type: str) -> NodeFigures:
    """Return what one node type looks like; of its tables only what is needed is read, in pieces."""
    made, record = snapshot.manifest, snapshot.manifest.nodes[node_type]
    rows = shown_rows(record.count)
    vectors = matrix(values_at(snapshot, node_type, "vector", "vector", rows)).astype(np.float32)
    clusters, weights, sizes = _clusters(snapshot, node_type, rows)
    return NodeFigures(
        node_type=node_type,
        count=record.count,
        catalogue=record.catalogue,
        norms=_norms(snapshot, node_type),
        ids=all_ids(snapshot, node_type).take(pa.array(rows)),
        positions=lay_out(as_compared(vectors, made.space.metric)),
        clusters=clusters,
        weights=weights,
        sizes=sizes,
        neighbourhood=_neighbourhood(snapshot, node_type, rows),
    )


def _norms(snapshot: Snapshot, node_type: str) -> F64:
    norms = [
        np.linalg.norm(matrix(vectors).astype(np.float64), axis=1)
        for _, vectors in column_batches(snapshot, node_type, "vector", "vector")
    ]
    return np.concatenate(norms)


def _clusters(snapshot: Snapshot, node_type: str, rows: I64) -> tuple[I64 | None, F64 | None, I64]:
    if (node_type, "clusters") not in snapshot.tables:
        return None, None, np.empty(0, np.int64)
    first = [matrix(ids)[:, 0] for _, ids in column_batches(snapshot, node_type, "clusters", "cluster_ids")]
    clusters = np.concatenate(first).astype(np.int64)
    weights = matrix(values_at(snapshot, node_type, "clusters", "cluster_weights", rows))[:, 0]
    return clusters[rows], weights.astype(np.float64), np.bincount(clusters)


def _neighbourhood(snapshot: Snapshot, node_type: str, rows: I64) -> Neighbourhood | None:
    kind: Kind = "neighbours"
    if (node_type, kind) not in snapshot.tables:
        return None
    scores = matrix(values_at(snapshot, node_type, kind, "neighbour_scores", rows)).astype(np.float64)
    ids = values_at(snapshot, node_type, kind, "neighbour_ids", rows).flatten()
    kept = np.arange(scores.size).reshape(scores.shape)[:, :NEIGHBOURS]
    target = _target(snapshot.manifest.derived, node_type)
    return Neighbourhood(target, ids.take(pa.array(kept.reshape(-1))), scores[:, :NEIGHBOURS])


def _target(recipe: dict[str, Any], node_type: str) -> str:
    """Whose ids the neighbours are, by the recipe they were derived with."""
    derivations = (d for d in recipe.get("derivations", []) if d.get("kind") == "neighbours")
    return next((d["target"] for d in derivations if d.get("target")), node_type)
