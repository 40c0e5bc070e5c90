"""Pools the directions of a node's earlier likes, and of its dislikes, beside each row's other node."""

from typing import NamedTuple

import numpy as np

from embedding_features.arrays import F32, F64, I64
from embedding_features.fresh.history import gather_events, recency
from embedding_features.fresh.tables import Directions
from embedding_features.fresh.walk import Walk
from embedding_features.jit import jit


class PooledRows(NamedTuple):
    """Holds what :func:`pool` writes; NaN for rows not wanted, without a snapshot, or without such events.

    Attributes:
        liked: [n] cosine of the row's other node with the pooled likes; likewise ``disliked``.
        vector: [n, dim] the pooled likes.
    """

    liked: F64
    disliked: F64
    vector: F64


@jit()
def pool(first: int, end: int, walk: Walk, table: Directions, out: PooledRows) -> None:
    """Set ``out`` for the rows of the nodes from ``first`` to before ``end``."""
    for node in range(first, end):
        _pool_node(node, walk, table, out)


@jit()
def _pool_node(node: int, walk: Walk, table: Directions, out: PooledRows) -> None:
    """Set ``out`` for the rows of one node; rows that see the same events share one pool."""
    begin, end = walk.begin[node], walk.begin[node + 1]
    events, entries = np.empty(end - begin, np.int64), np.empty(end - begin, np.int64)
    pooled = np.empty((2, table.unit.shape[1]))
    seen, added = -1, -1
    for asked in range(walk.asked_begin[node], walk.asked_begin[node + 1]):
        row = walk.asked[asked]
        at = walk.snapshot[row]
        if at != seen or added != walk.earlier[asked]:
            seen, added = at, walk.earlier[asked]
            count = gather_events(walk, at, begin, added, table.first[at], table.known, events, entries)
            _pool(walk, table, table.like[at], events[:count], entries[:count], pooled)
        out.vector[row] = pooled[1]
        entry = walk.entry[at, walk.other[row]]
        if entry >= 0:
            out.disliked[row] = cosine(table.unit[table.first[at] + entry], pooled[0])
            out.liked[row] = cosine(table.unit[table.first[at] + entry], pooled[1])


@jit()
def _pool(walk: Walk, table: Directions, like: float, events: I64, entries: I64, pooled: F64) -> None:
    """Set ``pooled`` to the decayed means of dislikes and of likes; NaN where there are none."""
    pooled[:] = 0.0
    weights = np.zeros(2)
    for k in range(len(events)):
        weight = recency(walk.time[events[-1]] - walk.time[events[k]])
        liked = 1 if walk.value[events[k]] > like else 0
        weights[liked] += weight
        for a in range(pooled.shape[1]):
            pooled[liked, a] += weight * table.unit[entries[k], a]
    for liked in range(2):
        pooled[liked] /= weights[liked]


@jit()
def cosine(unit: F32, vector: F64) -> float:
    """Return the cosine of a vector of length 1 with any other; NaN where one of the two is zero."""
    product, square, length = 0.0, 0.0, 0.0
    for a in range(len(vector)):
        product += unit[a] * vector[a]
        square += vector[a] * vector[a]
        length += unit[a] * unit[a]
    return product / np.sqrt(square) if length > 0.0 and square > 0.0 else np.nan
