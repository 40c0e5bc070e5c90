"""The walk over a graph's lowest level, which finds the nodes near each query by scores of bytes."""

import numba
import numpy as np
import numpy.typing as npt

from embedding_features.arrays import F32, I32, I64
from embedding_features.jit import jit
from embedding_features.recall.hnsw.byte_scores import dot_bytes, prefetch, shift
from embedding_features.recall.hnsw.graph_arrays import GraphArrays

I16 = npt.NDArray[np.int16]

_ONE = np.uint64(1)
_INTS_A_LINE = 16


@jit()
def walk(
    queries: F32, bias: F32, graph: GraphArrays, breadth: int, first: int, last: int, found: I64
) -> None:
    """Put into ``found[first:last]`` the best ``breadth`` nodes that a walk for each of these queries meets.

    The pool begins with the best of the entries; ever the best node of it whose neighbours are unknown is
    asked for them, until there is none (Malkov & Yashunin 2018, algorithm 2, with one list for two).

    Args:
        queries: [q, d] float32.
        bias: [n] float32 added to the dot products.
        graph: the arrays of the graph.
        breadth: nodes kept, at most n.
        first: first query to walk for.
        last: query after the last.
        found: [q, breadth] int64, best first, -1 where there are fewer.
    """
    count, width = graph.codes.shape
    seen = np.zeros((count + 63) // 64, np.uint64)
    met = np.empty(count, np.int32)
    fresh = np.empty(max(graph.links, len(graph.entries)), np.int32)
    values = np.empty(len(fresh), np.float32)
    scores, pool = np.empty(breadth, np.float32), np.empty(breadth, np.int32)
    code = np.zeros(width, np.int16)
    for q in range(first, last):
        unit = _encode(queries[q], code)
        size, place, total, node = 0, 0, 0, -1
        while True:
            new = _unseen(graph, node, seen, fresh)
            for i in range(new):  # apart from what is done by them, which would often stop the processor
                row = fresh[i]
                met[total + i] = row
                product = np.float32(dot_bytes(code, graph.codes, np.int64(row)))
                values[i] = product * (graph.scales[row] * unit) + bias[row]
            total += new
            for i in range(new):
                if size < breadth or values[i] > scores[breadth - 1]:
                    size, put = _insert(scores, pool, size, values[i], fresh[i])
                    place = min(place, put)
            while place < size and pool[place] < 0:  # asked before: stored as its complement
                place += 1
            if place == size:
                break
            node = pool[place]
            pool[place] = ~node
            _prefetch_next(graph, pool, place + 1, size)
        for i in range(breadth):
            found[q, i] = ~pool[i] if i < size else -1
        for i in range(total):
            seen[met[i] >> 6] = 0


@jit(parallel=True)
def walk_in_parts(queries: F32, bias: F32, graph: GraphArrays, breadth: int, parts: int, found: I64) -> None:
    """Walk for all queries (see :func:`walk`), shared out to threads in equal parts."""
    count = len(queries)
    for part in numba.prange(parts):
        walk(queries, bias, graph, breadth, part * count // parts, (part + 1) * count // parts, found)


@jit()
def _encode(query: F32, code: I16) -> np.float32:
    """Put whole numbers of at most 127 into ``code``; ``query`` is about ``code`` times what is returned."""
    greatest = np.float32(0)
    for value in query:
        greatest = max(greatest, abs(value))
    if greatest == 0:
        greatest = np.float32(1)
    for i in range(len(query)):
        code[i] = np.int16(np.rint(query[i] / greatest * np.float32(127)))
    return greatest / np.float32(127)


@jit()
def _unseen(graph: GraphArrays, node: int, seen: I64, fresh: I32) -> int:
    """Put the unmarked neighbours of ``node`` (-1: the entries) into ``fresh``; mark and count them."""
    new = 0
    if node < 0:
        for row in graph.entries:
            seen[row >> 6] |= _ONE << np.uint64(row & 63)
            fresh[new] = row
            new += 1
        return new
    width = graph.codes.shape[1]
    start = graph.offsets[node]
    for at in range(start, start + graph.links):
        row = graph.neighbors[at]
        if row < 0:
            break
        word, bit = seen[row >> 6], _ONE << np.uint64(row & 63)
        if word & bit == 0:
            seen[row >> 6] = word | bit
            fresh[new] = row
            new += 1
            prefetch(graph.codes, np.int64(row) * width)
    return new


@jit()
def _insert(scores: F32, pool: I32, size: int, score: np.float32, row: int) -> tuple[int, int]:
    """Put a row into its place, best first, dropping the last of a full pool; the new size, and the place."""
    low, high = 0, size
    while low < high:
        middle = (low + high) >> 1
        if scores[middle] >= score:
            low = middle + 1
        else:
            high = middle
    moved = min(size, len(pool) - 1) - low
    shift(scores, np.int64(low), np.int64(moved))
    shift(pool, np.int64(low), np.int64(moved))
    scores[low] = score
    pool[low] = row
    return min(size + 1, len(pool)), low


@jit()
def _prefetch_next(graph: GraphArrays, pool: I32, place: int, size: int) -> None:
    """Ask for the neighbours of the node that is next as the pool stands."""
    while place < size and pool[place] < 0:
        place += 1
    if place < size:
        start = np.int64(graph.offsets[pool[place]])
        for at in range(0, graph.links, _INTS_A_LINE):
            prefetch(graph.neighbors, start + at)
