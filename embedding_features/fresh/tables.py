"""What kernels read of several snapshots of one family: their tables one after another."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from embedding_features.arrays import F32, F64, I64, Bool
from embedding_features.artifact.snapshot import Snapshot
from embedding_features.errors import CompatibilityError
from embedding_features.fresh.levels import least_likes, read_levels


class Directions(NamedTuple):
    """Holds the other side's vectors at length 1, snapshots end to end, and what is a like beside them.

    Attributes:
        first: [snapshots] where the rows of each one begin.
        unit: [r, dim] vectors of length 1.
        known: [r] False where a vector is zero, which points nowhere.
        like: [snapshots] an event of a value above it is a like.
    """

    first: I64
    unit: F32
    known: Bool
    like: F64


def read_directions(snapshots: Sequence[Snapshot], node_type: str, other: str) -> Directions:
    """Read the directions of the other side's vectors.

    Args:
        snapshots: in the order of time.
        node_type: whose events there are.
        other: the node type that events are with.

    Raises:
        CompatibilityError: when snapshots differ in dim.
        SnapshotError: when a file is damaged.
    """
    tables = [directions(snapshot.vectors(other).vectors).astype(np.float32) for snapshot in snapshots]
    check_dims(tables)
    unit = np.concatenate(tables)
    return Directions(
        first=begins([len(table) for table in tables]),
        unit=unit,
        known=np.asarray(unit.any(axis=1)),
        like=least_likes(read_levels(snapshots, node_type), len(snapshots)),
    )


def check_dims(tables: Sequence[F32]) -> None:
    """Check that the vectors of several snapshots have one dim.

    Raises:
        CompatibilityError: when they have several.
    """
    dims = sorted({table.shape[1] for table in tables})
    if len(dims) > 1:
        raise CompatibilityError(
            f"vectors of dims {dims} cannot be used together",
            fix="use snapshots of one method and one setting",
        )


def directions(vectors: F32) -> F64:
    """Return vectors of length 1; zero stays zero."""
    wide = vectors.astype(np.float64)
    unit: F64 = wide / np.maximum(np.linalg.norm(wide, axis=1, keepdims=True), 1e-12)
    return unit


def begins(lengths: Sequence[int]) -> I64:
    """Return where each of several runs laid end to end begins."""
    return np.cumsum([0, *lengths[:-1]]).astype(np.int64)
