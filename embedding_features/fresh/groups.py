"""The groups of the other side's nodes that snapshots have: clusters, and beginnings of residual tokens."""

from collections.abc import Sequence

import numpy as np

from embedding_features.arrays import I64, AnyArray
from embedding_features.artifact.kinds import CLUSTERS, TOKENS
from embedding_features.artifact.snapshot import Snapshot

_CLUSTERS, _TOKENS = "cluster_ids", "rq_tokens"


def read_groups(snapshots: Sequence[Snapshot], other: str) -> dict[str, list[I64]]:
    """Read the groups that all of some snapshots have.

    Args:
        snapshots: in the order of time.
        other: node type of the nodes.

    Returns:
        ``clusters``, the nearest cluster, and ``rq<l>``, the first l residual tokens → of each snapshot [m]
        the code of each node's group, from 0. All tokens together are left out: that is nearly the node
        itself.

    Raises:
        SnapshotError: when a file is damaged.
    """
    found = [_of_one(snapshot, other) for snapshot in snapshots]
    return {name: [groups[name] for groups in found] for name in found[0] if all(name in g for g in found)}


def _of_one(snapshot: Snapshot, other: str) -> dict[str, I64]:
    groups = {}
    clusters = _lists(snapshot, other, CLUSTERS.name, _CLUSTERS)
    if clusters is not None:
        groups["clusters"] = _codes(clusters[:, :1])
    tokens = _lists(snapshot, other, TOKENS.name, _TOKENS)
    if tokens is not None:
        levels = range(1, max(tokens.shape[1], 2))
        groups |= {f"rq{level}": _codes(tokens[:, :level]) for level in levels}
    return groups


def _lists(snapshot: Snapshot, node_type: str, kind: str, column: str) -> AnyArray | None:
    """Return [m, length] the lists of a column; None where the snapshot has none of it, or no node."""
    if (node_type, kind) not in snapshot.tables:
        return None
    table = snapshot.table(node_type, kind)
    if column not in table.column_names or not len(table):
        return None
    flat: AnyArray = table[column].combine_chunks().flatten().to_numpy()
    return flat.reshape(len(table), -1)


def _codes(rows: AnyArray) -> I64:
    """Return the code of each row among the different ones."""
    return np.unique(rows, axis=0, return_inverse=True)[1].reshape(-1).astype(np.int64)
