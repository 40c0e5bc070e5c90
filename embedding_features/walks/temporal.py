"""Walks along edges in the order of their times."""

from dataclasses import dataclass
from typing import Literal

import numba
import numpy as np

from embedding_features.arrays import I32, I64
from embedding_features.errors import GraphError
from embedding_features.graph.csr import CSR
from embedding_features.graph.view import GraphView
from embedding_features.hashes import GOLDEN
from embedding_features.jit import jit
from embedding_features.kernels import first_not_below
from embedding_features.walks.base import Walker, Walks, with_types
from embedding_features.walks.draws import mix, walk_state
from embedding_features.walks.edges import Edges, check_square, draw_edge, edges_of

#: before every time
_EVER = np.int64(np.iinfo(np.int64).min)


class TemporalWalks(Walks):
    """Goes along edges of which none is earlier than the one before it.

    Continuous-time dynamic network embeddings (Nguyen et al., WWW 2018 companion, definition 2): from a node
    along any of its edges at or after the time of the last step, by weight; the first step along any edge.
    A walk ends where only earlier edges are left.
    """

    kind: Literal["temporal_walks"] = "temporal_walks"

    def over_view(self, view: GraphView) -> tuple["TemporalWalker", tuple[str, ...]]:
        """Return the walker along all edges of a view, in both directions; all must have times."""
        return with_types(self.over(view.timed_adjacency()), view)

    def over(self, csr: CSR) -> "TemporalWalker":
        """Return the walker over edges between the rows of one space.

        Args:
            csr: [rows, rows] edges with times.

        Raises:
            GraphError: when edges have no time, rows and columns differ, or a weight is below 0 or NaN.
        """
        check_square(csr)
        if csr.time is None:
            raise GraphError("a walk in time needs edges with times", fix="name a timestamp in the schema")
        ordered = by_time(csr, csr.time)
        edges = edges_of(ordered)
        return TemporalWalker(
            length=self.length,
            starts=np.flatnonzero(np.diff(edges.indptr)).astype(np.int32),
            spans=np.array([0, csr.rows]),
            edges=edges,
            times=_times_taken(ordered),
        )


@dataclass(frozen=True, kw_only=True)
class TemporalWalker(Walker):
    """Draws walks in time.

    Attributes:
        edges: of the graph, by time within a row.
        times: [edges] µs.
    """

    edges: Edges
    times: I64

    def _draw(self, starts: I32, key: np.uint64, number: int, walks: I32) -> None:
        _walk(self.edges, self.times, starts, key, number, walks)


def by_time(csr: CSR, time: I64) -> CSR:
    """Return the same edges, those of a row by time; only walks read a relation in this order."""
    order = np.lexsort((time, csr.sources()))
    weight = None if csr.weight is None else csr.weight[order]
    return CSR(csr.indptr, csr.indices[order], csr.columns, weight, time[order])


def _times_taken(csr: CSR) -> I64:
    """Return the times of the edges that :func:`.edges_of` keeps."""
    times = np.empty(0, np.int64) if csr.time is None else csr.time
    return times if csr.weight is None else times[csr.weight > 0]


@jit(parallel=True)
def _walk(edges: Edges, times: I64, starts: I32, key: np.uint64, number: int, walks: I32) -> None:
    count, length = walks.shape
    for w in numba.prange(count):
        node = int(starts[w])
        state = walk_state(key, node, number)
        walks[w, 0] = node
        now = int(_EVER)
        for step in range(1, length):
            end = edges.indptr[node + 1]
            begin = first_not_below(times, edges.indptr[node], end, now)
            if begin == end:
                break
            state += GOLDEN
            edge = draw_edge(edges.cumulative, begin, end, mix(state))
            node, now = int(edges.indices[edge]), int(times[edge])
            walks[w, step] = node
