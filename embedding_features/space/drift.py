"""Drift: how far a snapshot has moved from an earlier one.

Only ids that both have are compared, and of those a sample, so a snapshot of any size takes bounded memory.
"""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from embedding_features.arrays import F64
from embedding_features.arrow import codes
from embedding_features.artifact import Manifest, Snapshot
from embedding_features.space.column_batches import matrix
from embedding_features.space.cosines import cosines
from embedding_features.space.shared_rows import SharedRows

#: ids a node type's figures rest on
SAMPLE = 20_000


@dataclass(frozen=True)
class Drift:
    """Compares one node type with an earlier snapshot.

    Attributes:
        shared: ids of both snapshots; ``new`` ones only this has, ``gone`` ones only the earlier.
        sampled: shared ids that the figures rest on.
        cosines: of their vectors then and now; None where the two live in different spaces. A zero vector has
            no direction and is left out.
        neighbours_kept: mean share of an id's first neighbours then that are still among its first now, as
            many as both snapshots hold; None where one holds none.
        clusters_kept: share of ids whose first cluster is the same; None unless both are by one codebook.
    """

    node_type: str
    shared: int
    new: int
    gone: int
    sampled: int
    cosines: F64 | None
    neighbours_kept: float | None
    clusters_kept: float | None


def drift(now: Snapshot, then: Snapshot, seed: int = 0) -> list[Drift]:
    """Return the drift of every node type that both snapshots have.

    Args:
        now: the later snapshot.
        then: the earlier one.
        seed: of the sample.

    Raises:
        CompatibilityError: when a node type's ids are of another type than they were.
    """
    types = [t for t in now.manifest.nodes if t in then.manifest.nodes]
    return [_drift_of_type(now, then, node_type, seed) for node_type in types]


def _drift_of_type(now: Snapshot, then: Snapshot, node_type: str, seed: int) -> Drift:
    shared = SharedRows.of(now, then, node_type)
    count, sample = len(shared), shared.sample(SAMPLE, seed)
    comparable = count > 0 and now.manifest.space == then.manifest.space
    return Drift(
        node_type=node_type,
        shared=count,
        new=now.manifest.nodes[node_type].count - count,
        gone=then.manifest.nodes[node_type].count - count,
        sampled=len(sample),
        cosines=cosines(*map(matrix, sample.read("vector", "vector"))) if comparable else None,
        neighbours_kept=_neighbours_kept(sample),
        clusters_kept=_clusters_kept(sample),
    )


def _neighbours_kept(shared: SharedRows) -> float | None:
    if not shared.has("neighbours"):
        return None
    now, then = shared.read("neighbours", "neighbour_ids")
    if now.type != then.type:
        return None
    ids = codes(pa.concat_arrays([now.flatten(), then.flatten()]))
    a, b = (side.reshape(len(shared), -1) for side in np.split(ids, [len(now.flatten())]))
    k = min(a.shape[1], b.shape[1])
    row = np.arange(len(a))[:, None] * (int(ids.max()) + 1)
    return float(np.isin(b[:, :k] + row, a[:, :k] + row).mean())


def _clusters_kept(shared: SharedRows) -> float | None:
    codebook = _cluster_codebook(shared.now.manifest, shared.node_type)
    if not shared.has("clusters") or codebook != _cluster_codebook(shared.then.manifest, shared.node_type):
        return None
    now, then = (matrix(ids)[:, 0] for ids in shared.read("clusters", "cluster_ids"))
    return float((now == then).mean())


def _cluster_codebook(manifest: Manifest, node_type: str) -> str | None:
    ids = (c.id for c in manifest.codebooks if (c.node_type, c.kind) == (node_type, "clusters"))
    return next(ids, None)
