"""Rotate retrained vectors onto their parent's: orthogonal Procrustes on the nodes that both have."""

import copy
from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from pydantic import Field

from embedding_features.arrays import F64, I64
from embedding_features.artifact import Alignment, Embeddings, Snapshot, Space
from embedding_features.artifact.tables import checked_ids
from embedding_features.config import Config
from embedding_features.errors import CompatibilityError, LeakError

#: scorers that a rotation of all vectors leaves as they are
_ROTATION_INVARIANT = ("dot", "cosine", "l2", "translation")


class AlignmentConfig(Config):
    """Says when a retrained snapshot stays in its parent's space.

    Attributes:
        max_residual: the largest relative residual after rotation.
        min_overlap: share of the parent's nodes that must still be there.
    """

    max_residual: float = Field(default=0.8, ge=0)
    min_overlap: float = Field(default=0.5, gt=0, le=1)


def align(
    embeddings: Embeddings, parent: Snapshot, *, min_overlap: float = AlignmentConfig().min_overlap
) -> tuple[Embeddings, Alignment]:
    """Rotate vectors, encoder and fold-ins onto the parent's by orthogonal Procrustes (Schönemann 1966).

    R = argmin ‖A R - B‖ over orthogonal R is U Vᵀ with U S Vᵀ = AᵀB, A and B the vectors of the nodes of all
    types in both. One R for all types leaves every dot product, cosine and distance as it was. The residual
    is ‖A R - B‖ / ‖B‖: the scale is not fitted, for codebooks depend on it.

    Args:
        embeddings: the retrained vectors.
        parent: the snapshot whose space they are to be in.
        min_overlap: share of the parent's nodes that must still be there.

    Returns:
        The rotated embeddings, and the record of the alignment.

    Raises:
        LeakError: when the parent is later than the embeddings.
        CompatibilityError: when dim, metric, scorer or id types differ, too few nodes are shared, or the
            scorer does not survive a rotation.
    """
    _check_time(embeddings, parent)
    shared = _overlap(embeddings, parent)
    obstacle = _obstacle(embeddings, parent, shared, min_overlap)
    if obstacle:
        raise CompatibilityError(
            f"cannot align to {parent.manifest.run_id}: {obstacle}", fix="open a new version of the space"
        )
    rows = {
        t: (embeddings.tables[t].vectors[mine], parent.vectors(t).vectors[its])
        for t, (mine, its) in shared.items()
    }
    a, b = (np.concatenate(side).astype(np.float64) for side in zip(*rows.values(), strict=True))
    rotation = procrustes(a, b)
    residual = float(np.linalg.norm(a @ rotation - b) / max(np.linalg.norm(b), np.finfo(np.float64).tiny))
    matrix = rotation.astype(np.float32)
    tables = {t: replace(table, vectors=table.vectors @ matrix) for t, table in embeddings.tables.items()}
    encoder = embeddings.encoder
    if encoder is not None:
        encoder = copy.deepcopy(encoder)
        encoder.rotate(matrix)
    alignment = Alignment(parent_run_id=parent.manifest.run_id, shared_nodes=len(a), residual=residual)
    fold_ins = {
        node_type: {purpose: parameters.rotated(rotation) for purpose, parameters in purposes.items()}
        for node_type, purposes in embeddings.fold_ins.items()
    }
    return replace(embeddings, tables=tables, encoder=encoder, fold_ins=fold_ins), alignment


def procrustes(a: F64, b: F64) -> F64:
    """Return the orthogonal [dim, dim] R that makes ‖a R - b‖ least, for [n, dim] matrices."""
    left, _, right = np.linalg.svd(a.T @ b)
    return np.asarray(left @ right, np.float64)


def _check_time(embeddings: Embeddings, parent: Snapshot) -> None:
    if parent.manifest.as_of > embeddings.provenance.as_of:
        raise LeakError(
            f"parent {parent.manifest.run_id} is later than as_of {embeddings.provenance.as_of.isoformat()}",
            fix="align to an earlier snapshot",
        )


def _overlap(embeddings: Embeddings, parent: Snapshot) -> Mapping[str, tuple[I64, I64]]:
    """Return node type → (rows here, rows in the parent) of shared nodes; no entry where id types differ."""
    shared = {}
    for node_type, table in embeddings.tables.items():
        if node_type in parent.manifest.nodes:
            mine, its = checked_ids(table), checked_ids(parent.vectors(node_type))
            if mine.is_string == its.is_string:
                rows = its.encode(mine.ids)
                found = np.flatnonzero(rows >= 0)
                shared[node_type] = (found, rows[found])
    return shared


def _obstacle(
    embeddings: Embeddings, parent: Snapshot, shared: Mapping[str, tuple[I64, I64]], min_overlap: float
) -> str:
    """Return why the embeddings cannot be aligned to the parent; empty when they can."""
    old = parent.manifest.space
    new = Space.of(embeddings, old.family).model_copy(update={"version": old.version})
    if new != old:
        return f"it lives in {old}, these vectors are of {new}"
    if new.scorer not in _ROTATION_INVARIANT:
        return f"the scorer {new.scorer!r} changes under rotation"
    both = [t for t in embeddings.tables if t in parent.manifest.nodes]
    other_ids = [t for t in both if t not in shared]
    if other_ids:
        return f"ids of {other_ids[0]} are of another type"
    nodes, there = sum(len(mine) for mine, _ in shared.values()), parent.manifest.nodes.values()
    if nodes < max(min_overlap * sum(record.count for record in there), new.dim):
        return (
            f"only {nodes} nodes are in both, needed are {min_overlap:.0%} of its own and {new.dim} or more"
        )
    return ""
