"""Visits of random walks that keep going back to where they began: personalized PageRank, by counting."""

from dataclasses import dataclass

import numba
import numpy as np
from pydantic import Field

from embedding_features.arrays import F32, I32, I64
from embedding_features.config import Config
from embedding_features.errors import GraphError
from embedding_features.graph.csr import CSR
from embedding_features.hashes import GOLDEN
from embedding_features.jit import jit
from embedding_features.kernels import insert_best
from embedding_features.walks.draws import Purpose, key_of, mix, unit, walk_state
from embedding_features.walks.edges import Edges, check_square, draw_edge, edges_of


@dataclass(frozen=True)
class Visits:
    """Holds the nodes that walks from each query visited most, without the query itself.

    Attributes:
        nodes: [queries, top] int64 rows, most visited first and ties by row; -1 behind the last.
        counts: [queries, top] float32 whole numbers of visits; 0 behind the last.
    """

    nodes: I64
    counts: F32


class VisitCounts(Config):
    """Counts the nodes that a walk with restarts visits.

    Pixie's walks (Eksombatchai et al., WWW 2018, algorithm 1), by whose counts PinSage chooses neighbours
    (Ying et al., KDD 2018, section 3.1). The visits of a node other than the query are in proportion to its
    personalized PageRank, as the steps grow.

    Attributes:
        steps: of each query, all its walks together.
        restart: probability that a walk goes back to the query after a step; it also does where no edge leads
            on.
        top: nodes kept of each query.
    """

    steps: int = Field(default=1000, ge=1, le=2**24)
    restart: float = Field(default=0.15, gt=0, le=1)
    top: int = Field(default=50, ge=1)

    def count(self, csr: CSR, queries: I32 | I64, *, seed: int) -> Visits:
        """Walk from each query, and return whom that visited.

        Args:
            csr: [rows, rows] edges, taken by weight; an edge without weight weighs 1.
            queries: [queries] rows.
            seed: of all draws; the counts of a row are a function of it and the row.

        Raises:
            ConfigError: when the seed is negative.
            GraphError: when a query is no row, rows and columns differ, or a weight is negative or no number.

        Example:
            >>> star = CSR.from_edges(np.array([0, 0, 1, 2]), np.array([1, 2, 0, 0]), (3, 3))
            >>> visits = VisitCounts(steps=100, top=3).count(star, np.array([1]), seed=0)
            >>> visits.nodes.tolist()
            [[0, 2, -1]]
        """
        check_square(csr)
        if len(queries) and (queries.min() < 0 or queries.max() >= csr.rows):
            raise GraphError(f"queries {queries.min()}..{queries.max()} outside rows 0..{csr.rows - 1}")
        nodes = np.full((len(queries), self.top), -1, np.int64)
        counts = np.zeros(nodes.shape, np.float32)
        parts = max(1, min(len(queries), numba.get_num_threads()))
        rows = np.ascontiguousarray(queries, np.int64)
        _count(
            edges_of(csr), rows, key_of(seed, Purpose.STEPS), self.steps, self.restart, parts, nodes, counts
        )
        return Visits(nodes, counts)


@jit(parallel=True)
def _count(
    edges: Edges,
    queries: I64,
    key: np.uint64,
    steps: int,
    restart: float,
    parts: int,
    nodes: I64,
    counts: F32,
) -> None:
    """Count for all queries, shared out to threads in equal parts: each needs a counter for every row."""
    total = len(queries)
    for part in numba.prange(parts):
        visits = np.zeros(len(edges.indptr) - 1, np.int32)
        met = np.empty(min(steps, len(visits)), np.int32)
        for q in range(part * total // parts, (part + 1) * total // parts):
            found = _visit(edges, queries[q], key, steps, restart, visits, met)
            for place in range(found):
                node = int(met[place])
                if node != queries[q]:
                    insert_best(nodes[q], counts[q], node, np.float32(visits[node]))
                visits[node] = 0


@jit()
def _visit(
    edges: Edges, query: int, key: np.uint64, steps: int, restart: float, visits: I32, met: I32
) -> int:
    """Add a query's visits to ``visits`` [rows], put those that had none into ``met``, and count them."""
    found, node = 0, query
    if edges.indptr[query] == edges.indptr[query + 1]:
        return found
    state = walk_state(key, query, 0)
    for _ in range(steps):
        begin, end = edges.indptr[node], edges.indptr[node + 1]
        state += GOLDEN
        node = int(edges.indices[draw_edge(edges.cumulative, begin, end, mix(state))])
        if visits[node] == 0:
            met[found] = node
            found += 1
        visits[node] += 1
        state += GOLDEN
        if unit(mix(state)) < restart or edges.indptr[node] == edges.indptr[node + 1]:
            node = query
    return found
