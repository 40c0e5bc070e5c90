"""Drift: how far a snapshot moved from an earlier one.

Only ids that both have are compared, and of those a sample, so a snapshot of any size takes bounded memory.
"""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from embedding_features.arrays import F32, F64, I64
from embedding_features.arrow import codes
from embedding_features.artifact import Kind, Manifest, Snapshot
from embedding_features.errors import CompatibilityError
from embedding_features.graph.vocabulary import Vocabulary
from embedding_features.space.column_batches import all_ids, matrix, picked

#: ids a node type's figures rest on
SAMPLE = 20_000


@dataclass(frozen=True)
class Drift:
    """One node type, beside an earlier snapshot.

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
    """The drift of every node type that both snapshots have.

    Args:
        seed: of the sample.

    Raises:
        CompatibilityError: when a node type's ids are of another type than they were.
    """
    types = [t for t in now.manifest.nodes if t in then.manifest.nodes]
    return [_of_type(now, then, node_type, seed) for node_type in types]


def _of_type(now: Snapshot, then: Snapshot, node_type: str, seed: int) -> Drift:
    mine, its = _shared(now, then, node_type)
    count = len(mine)
    if count > SAMPLE:
        chosen = np.sort(np.random.default_rng(seed).choice(count, SAMPLE, replace=False))
        mine, its = mine[chosen], its[chosen]
    pair = _Pair(now, then, node_type, mine, its)
    comparable = len(mine) > 0 and now.manifest.space == then.manifest.space
    return Drift(
        node_type=node_type,
        shared=count,
        new=now.manifest.nodes[node_type].count - count,
        gone=then.manifest.nodes[node_type].count - count,
        sampled=len(mine),
        cosines=_cosines(*pair.read("vector", "vector")) if comparable else None,
        neighbours_kept=_neighbours_kept(pair),
        clusters_kept=_clusters_kept(pair),
    )


def _shared(now: Snapshot, then: Snapshot, node_type: str) -> tuple[I64, I64]:
    """Rows of the shared ids in both, ascending in ``now``."""
    ids, earlier = (all_ids(snapshot, node_type) for snapshot in (now, then))
    if ids.type != earlier.type:
        raise CompatibilityError(
            f"{node_type} ids are {ids.type}, in {then.manifest.run_id} they are {earlier.type}",
            fix="compare snapshots of one vocabulary",
        )
    its = Vocabulary(earlier).encode(ids)
    mine = np.flatnonzero(its >= 0)
    return mine, its[mine]


@dataclass(frozen=True)
class _Pair:
    """The same ids in two snapshots, by their rows."""

    now: Snapshot
    then: Snapshot
    node_type: str
    mine: I64
    its: I64

    def has(self, kind: Kind) -> bool:
        both = all((self.node_type, kind) in snapshot.tables for snapshot in (self.now, self.then))
        return both and len(self.mine) > 0

    def read(self, kind: Kind, column: str) -> tuple[pa.Array, pa.Array]:
        """A column of them, now and then."""
        return (
            picked(self.now, self.node_type, kind, column, self.mine),
            picked(self.then, self.node_type, kind, column, self.its),
        )


def _cosines(now: pa.Array, then: pa.Array) -> F64:
    a, b = (_unit(matrix(vectors)) for vectors in (now, then))
    cosines: F64 = np.einsum("nd,nd->n", a, b)
    return np.clip(cosines[~np.isnan(cosines)], -1.0, 1.0)


def _unit(vectors: F32) -> F64:
    """At length 1; a zero vector becomes NaN."""
    wide = vectors.astype(np.float64)
    length = np.linalg.norm(wide, axis=1, keepdims=True)
    unit: F64 = np.divide(wide, length, out=np.full(wide.shape, np.nan), where=length > 0)
    return unit


def _neighbours_kept(pair: _Pair) -> float | None:
    if not pair.has("neighbours"):
        return None
    now, then = pair.read("neighbours", "neighbour_ids")
    if now.type != then.type:
        return None
    ids = codes(pa.concat_arrays([now.flatten(), then.flatten()]))
    a, b = (side.reshape(len(pair.mine), -1) for side in np.split(ids, [len(now.flatten())]))
    k = min(a.shape[1], b.shape[1])
    row = np.arange(len(a))[:, None] * (int(ids.max()) + 1)
    return float(np.isin(b[:, :k] + row, a[:, :k] + row).mean())


def _clusters_kept(pair: _Pair) -> float | None:
    codebook = _cluster_codebook(pair.now.manifest, pair.node_type)
    if not pair.has("clusters") or codebook != _cluster_codebook(pair.then.manifest, pair.node_type):
        return None
    now, then = (matrix(ids)[:, 0] for ids in pair.read("clusters", "cluster_ids"))
    return float((now == then).mean())


def _cluster_codebook(manifest: Manifest, node_type: str) -> str | None:
    ids = (c.id for c in manifest.codebooks if (c.node_type, c.kind) == (node_type, "clusters"))
    return next(ids, None)
