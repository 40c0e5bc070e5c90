"""Walks whose next node depends on the last one and on the number of the step."""

from dataclasses import dataclass
from typing import NamedTuple

import numba
import numpy as np

from embedding_features.arrays import F64, I32, I64
from embedding_features.hashes import GOLDEN
from embedding_features.jit import jit
from embedding_features.walks.base import Walker
from embedding_features.walks.draws import mix, walk_state
from embedding_features.walks.edges import draw_edge

#: walks that take a step together: while one waits for memory the others go on
_TOGETHER = 16


class Hops(NamedTuple):
    """Holds the edges of each hop of a walk, laid end to end; after the last hop comes the first.

    Attributes:
        offsets: [hops] what is added to a row for its place in ``indptr``.
        indptr: where the edges of each row of each hop begin.
        indices: [edges] rows that they lead to.
        cumulative: [edges + 1] as in :class:`.Edges`.
    """

    offsets: I64
    indptr: I64
    indices: I32
    cumulative: F64


@dataclass(frozen=True, kw_only=True)
class FirstOrderWalker(Walker):
    """Draws walks whose hops follow each other in turn.

    Attributes:
        hops: their edges.
    """

    hops: Hops

    def _draw(self, starts: I32, key: np.uint64, number: int, walks: I32) -> None:
        _walk(self.hops, starts, key, number, walks)


@jit(parallel=True)
def _walk(hops: Hops, starts: I32, key: np.uint64, number: int, walks: I32) -> None:
    count, length = walks.shape
    for block in numba.prange((count + _TOGETHER - 1) // _TOGETHER):
        begin = block * _TOGETHER
        end = min(begin + _TOGETHER, count)
        states = np.empty(_TOGETHER, np.uint64)
        for w in range(begin, end):
            walks[w, 0] = starts[w]
            states[w - begin] = walk_state(key, starts[w], number)
        hop = 0
        for step in range(1, length):
            offset = hops.offsets[hop]
            for w in range(begin, end):
                states[w - begin] += GOLDEN
                walks[w, step] = _neighbour(hops, offset, walks[w, step - 1], mix(states[w - begin]))
            hop = hop + 1 if hop + 1 < len(hops.offsets) else 0


@jit()
def _neighbour(hops: Hops, offset: int, node: int, bits: np.uint64) -> int:
    """Return a neighbour of ``node``; -1 of a node without any, and of -1."""
    if node < 0:
        return -1
    begin, end = hops.indptr[offset + node], hops.indptr[offset + node + 1]
    if begin == end:
        return -1
    return int(hops.indices[draw_edge(hops.cumulative, begin, end, bits)])
