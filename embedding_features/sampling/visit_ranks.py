"""Destinations by the rank of a source's visits to them, and draws of hard negatives from some ranks."""

import numpy as np

from embedding_features.arrays import I32, I64
from embedding_features.graph.csr import CSR
from embedding_features.jit import jit
from embedding_features.kernels import contains
from embedding_features.walks.visits import VisitCounts

#: sources whose visits are held at a time
_CHUNK = 1024


def ranked_destinations(
    adjacency: CSR,
    known: CSR,
    starts: tuple[int, int],
    ranks: tuple[int, int],
    visits: VisitCounts,
    seed: int,
) -> I32:
    """Return [sources, last − first] int32 destinations of some ranks, best first; -1 behind the last.

    Ranked are those without an edge to the source, by the visits of its walks.

    Args:
        adjacency: [nodes, nodes] what is walked on.
        known: [sources, destinations] edges.
        starts: rows of the adjacency where sources and destinations begin.
        ranks: first, from 0, and behind the last.
        visits: the walks.
        seed: of the walks.
    """
    first, last = ranks
    out = np.full((known.rows, last - first), -1, np.int32)
    for begin in range(0, known.rows, _CHUNK):
        sources = np.arange(begin, min(begin + _CHUNK, known.rows))
        nodes = visits.count(adjacency, sources + starts[0], seed=seed).nodes
        _keep_ranks(nodes - starts[1], known.indptr, known.indices, known.columns, begin, first, out)
    return out


def draw_ranked(ranked: I32, src: I32, others: I64, count: int, rng: np.random.Generator) -> I64:
    """Draw hard negatives of a batch evenly from the ranked destinations.

    Args:
        ranked: as :func:`ranked_destinations` returns them.
        src: [batch] sources.
        others: [n] what is drawn for sources of which nobody is ranked.
        count: draws for each.
        rng: of the draws.

    Returns:
        [batch, count] int64 destinations.
    """
    of_batch = ranked[src]
    found = (of_batch >= 0).sum(axis=1)[:, None]
    places = (rng.random((len(src), count)) * found).astype(np.int64)
    drawn = np.take_along_axis(of_batch, places, 1).astype(np.int64)
    return np.where(found > 0, drawn, rng.choice(others, (len(src), count)))


def known_among(known: CSR, src: I32, shared: I64) -> I64:
    """Return [2, pairs] rows, ascending, and columns where an edge leads from src[row] to shared[column].

    The cost is by the edges of ``src``; that of :func:`.known_pairs` is by all destinations, and suits
    batches that hold many of them.
    """
    order, degrees = np.argsort(shared, kind="stable"), known.indptr[src + 1] - known.indptr[src]
    indices = known.indices[_ranges(known.indptr[src], degrees)]
    first = np.searchsorted(shared, indices, sorter=order)
    counts = np.searchsorted(shared, indices, "right", sorter=order) - first
    rows = np.repeat(np.repeat(np.arange(len(src)), degrees), counts)
    return np.stack([rows, order[_ranges(first, counts)]])


def _ranges(begins: I64, counts: I64) -> I64:
    """Return the numbers from each begin on, as many as its count, one range after the other."""
    before = np.cumsum(counts) - counts
    ranges: I64 = np.repeat(begins - before, counts) + np.arange(counts.sum())
    return ranges


@jit()
def _keep_ranks(
    nodes: I64, indptr: I64, indices: I32, columns: int, begin: int, first: int, out: I32
) -> None:
    """Put the destinations, among ``nodes`` best first, that have a rank from ``first`` on into ``out``."""
    for row in range(len(nodes)):
        source, rank = begin + row, -first
        for node in nodes[row]:
            low, high = indptr[source], indptr[source + 1]
            if node < 0 or node >= columns or contains(indices, low, high, node):
                continue
            if 0 <= rank < out.shape[1]:
                out[source, rank] = node
            rank += 1
