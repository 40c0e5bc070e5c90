"""The medoids of a node's earlier likes, and how near each row's other node is to them."""

from typing import NamedTuple

import numpy as np

from embedding_features.arrays import F64, I64
from embedding_features.fresh.history import gather_events, recency
from embedding_features.fresh.tables import Directions
from embedding_features.fresh.walk import Walk
from embedding_features.fresh.ward import ward_clusters
from embedding_features.jit import jit
from embedding_features.kernels import insert_best

#: clusters of likes at a larger Ward distance stay apart
MERGE_WITHIN = 1.0
#: medoids that are kept, the most important ones
MEDOIDS = 3
#: newest likes that are clustered: their distances are a square of so many
MOST_LIKES = 200
#: sums of squared distances this near are the same; of several the newest is the medoid
_SAME = 1e-6


class MedoidRows(NamedTuple):
    """Holds what :func:`compare` writes; NaN for rows not wanted, without a snapshot, or without likes.

    Attributes:
        nearest: [n] largest cosine of the row's other node with a medoid.
        weighted: [n] mean of its cosines with the medoids, weighted by importance.
    """

    nearest: F64
    weighted: F64


class Likes(NamedTuple):
    """Holds the newest likes of one node, and room to cluster them.

    Attributes:
        events: [size] rows of the events in the log, oldest first.
        entries: [size] their other nodes' rows in the table.
        across: [dim * size] their directions, a dim after another.
        squared: [size * size] their squared distances.
        number: [size] working memory.
        chain: [size] working memory.
        cluster: [size] the first like of each one's cluster.
        total: [dim] sum of a cluster's directions.
        medoid: [MEDOIDS] places of the medoids among the likes, the most important first; -1: no more.
        importance: [MEDOIDS] Σ e^(-λ days) over a medoid's cluster, days before the newest like.
    """

    events: I64
    entries: I64
    across: F64
    squared: F64
    number: F64
    chain: I64
    cluster: I64
    total: F64
    medoid: I64
    importance: F64


@jit()
def compare(first: int, end: int, walk: Walk, table: Directions, out: MedoidRows) -> None:
    """Set ``out`` for the rows of the nodes from ``first`` to before ``end``."""
    for node in range(first, end):
        _compare_node(node, walk, table, out)


@jit()
def _compare_node(node: int, walk: Walk, table: Directions, out: MedoidRows) -> None:
    """Set ``out`` for the rows of one node; rows that see the same likes share one clustering."""
    begin, end = walk.begin[node], walk.begin[node + 1]
    likes = room_for_likes(end - begin, table.unit.shape[1])
    events, entries = np.empty(end - begin, np.int64), np.empty(end - begin, np.int64)
    seen, added, count = -1, -1, 0
    for asked in range(walk.asked_begin[node], walk.asked_begin[node + 1]):
        row = walk.asked[asked]
        at = walk.snapshot[row]
        if at != seen or added != walk.earlier[asked]:
            seen, added = at, walk.earlier[asked]
            found = gather_events(walk, at, begin, added, table.first[at], table.known, events, entries)
            count = update_medoids(walk, table, at, events[:found], entries[:found], likes, count)
        entry = walk.entry[at, walk.other[row]]
        if count > 0 and entry >= 0:
            _compare(table, table.first[at] + entry, likes, row, out)


@jit()
def room_for_likes(most: int, dim: int) -> Likes:
    """Return room for the likes among ``most`` events."""
    n = min(most, MOST_LIKES)
    return Likes(
        np.empty(n, np.int64), np.empty(n, np.int64), np.empty(dim * n), np.empty(n * n), np.empty(n),
        np.empty(n, np.int64), np.empty(n, np.int64), np.empty(dim), np.empty(MEDOIDS, np.int64),
        np.empty(MEDOIDS),
    )  # fmt: skip


@jit()
def update_medoids(
    walk: Walk, table: Directions, at: int, events: I64, entries: I64, likes: Likes, before: int
) -> int:
    """Find the medoids of the newest likes among gathered events, unless those are the ones of before.

    Args:
        walk: the log.
        table: the other side's directions.
        at: the snapshot that the row sees.
        events: of :func:`.gather_events`.
        entries: likewise.
        likes: written to.
        before: number of likes that it holds the medoids of.

    Returns:
        How many likes there are.
    """
    count, changed, left = 0, False, -MOST_LIKES
    for event in events:
        left += walk.value[event] > table.like[at]
    for k in range(len(events)):
        if walk.value[events[k]] <= table.like[at]:
            continue
        left -= 1
        if left >= 0:
            continue
        changed |= count >= before or likes.events[count] != events[k] or likes.entries[count] != entries[k]
        likes.events[count], likes.entries[count] = events[k], entries[k]
        count += 1
    if changed or count != before:
        _cluster(table, likes, count)
        _find_medoids(walk, likes, count)
    return count


@jit()
def _cluster(table: Directions, likes: Likes, count: int) -> None:
    """Set the clusters of the likes."""
    dim = table.unit.shape[1]
    across = likes.across[: dim * count].reshape(dim, count)
    squared = likes.squared[: count * count].reshape(count, count)
    for k in range(count):
        for a in range(dim):
            across[a, k] = table.unit[likes.entries[k], a]
    squared[:] = 2.0
    for k in range(count):
        for a in range(dim):
            twice = 2.0 * across[a, k]
            for other in range(count):
                squared[k, other] -= twice * across[a, other]
    ward_clusters(squared, MERGE_WITHIN, likes.number[:count], likes.chain[:count], likes.cluster[:count])


@jit()
def _find_medoids(walk: Walk, likes: Likes, count: int) -> None:
    """Set the medoids of the most important clusters."""
    likes.medoid[:], likes.importance[:] = -1, -np.inf
    across = likes.across[: len(likes.total) * count].reshape(len(likes.total), count)
    for first in range(count):
        if likes.cluster[first] != first:
            continue
        likes.total[:] = 0.0
        importance, members = 0.0, 0
        for k in range(first, count):
            if likes.cluster[k] == first:
                members += 1
                importance += recency(walk.time[likes.events[count - 1]] - walk.time[likes.events[k]])
                for a in range(len(across)):
                    likes.total[a] += across[a, k]
        medoid, best = first, -np.inf
        for k in range(first, count):
            if likes.cluster[k] == first:
                product = 0.0
                for a in range(len(across)):
                    product += likes.total[a] * across[a, k]
                if product >= best - _SAME * members:
                    medoid, best = k, max(best, product)
        insert_best(likes.medoid, likes.importance, medoid, importance)


@jit()
def _compare(table: Directions, entry: int, likes: Likes, row: int, out: MedoidRows) -> None:
    """Set the figures of one row."""
    nearest, total, weight = -np.inf, 0.0, 0.0
    for k in range(MEDOIDS):
        if likes.medoid[k] < 0:
            break
        near = 0.0
        for a in range(table.unit.shape[1]):
            near += np.float64(table.unit[entry, a]) * table.unit[likes.entries[likes.medoid[k]], a]
        nearest = max(nearest, near)
        total += likes.importance[k] * near
        weight += likes.importance[k]
    if table.known[entry]:
        out.nearest[row], out.weighted[row] = nearest, total / weight
