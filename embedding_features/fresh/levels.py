"""What a node of which nothing is known would give each other one, and which values are likes."""

from collections.abc import Sequence

import numpy as np

from embedding_features.arrays import F64
from embedding_features.artifact.fold_in import FoldInParameters
from embedding_features.artifact.snapshot import Snapshot


def read_levels(snapshots: Sequence[Snapshot], node_type: str) -> list[F64]:
    """Read the levels of the other side's nodes: their scores by the prior mean of a fold-in of values.

    Returns:
        Of each snapshot [m]; none at all where one has no fold-in of values.

    Raises:
        SnapshotError: when a file is damaged.
    """
    found = [_of_values(snapshot, node_type) for snapshot in snapshots]
    levels = [one.design.astype(np.float64) @ one.prior_mean[0] for one in found if one is not None]
    return levels if len(levels) == len(found) else []


def least_likes(levels: Sequence[F64], snapshots: int) -> F64:
    """Return of each snapshot the value above which an event is a like: the mean level.

    It is between the two values of labels, and about the mean of ratings. Where levels do not differ, as
    those of clicks, which all are 1, or there are none, an event of any positive value is a like.
    """
    if not levels:
        return np.zeros(snapshots)
    return np.array([float(one.mean()) if np.ptp(one) > 0 else 0.0 for one in levels])


def _of_values(snapshot: Snapshot, node_type: str) -> FoldInParameters | None:
    purposes = snapshot.fold_ins().get(node_type, {})
    both = (purposes.get("values"), purposes.get("own"))
    return next((one for one in both if one is not None and one.values), None)
