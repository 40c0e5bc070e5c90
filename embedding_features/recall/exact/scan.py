"""The scan over all rows: every score in float32, the best few of each query kept."""

import numba
import numpy as np

from embedding_features.arrays import F32, I64
from embedding_features.jit import jit
from embedding_features.recall.exact.block_scores import LANES, ROWS, score_block
from embedding_features.recall.rank import ONE_AT_A_TIME, contains

#: rows that stay in a core's cache while all query blocks of a group meet them
_TILE = 512
#: query blocks in a group, at most
_GROUP = 8
#: multiplications below which waking threads takes longer than they save: a third of a millisecond's
_ALONE = 1 << 24


def scan(
    queries: F32,
    vectors: F32,
    bias: F32,
    start: int,
    stop: int,
    rows: I64,
    indptr: I64,
    denied: I64,
    keep: int,
) -> tuple[I64, F32]:
    """Return the best rows of each query by score in float32, and a bound to what was passed over.

    Args:
        queries: [q, d] float32.
        vectors: [n, d] float32, C-contiguous.
        bias: [n] float32 added to the dot products.
        start: first position to score.
        stop: position after the last to score.
        rows: row of each position, ascending; empty where position and row are the same.
        indptr: [q + 1] where the denied rows of each query begin.
        denied: [x] each query's denied rows, ascending.
        keep: how many rows to keep of each part of the range.

    Returns:
        [q, c] rows in no order, -1 where there are fewer, and [q] float32: no other row scores above it.
    """
    count, dim = queries.shape
    blocks = -(-count // LANES)
    packed = np.zeros((blocks, dim, LANES), np.float32)
    for block in range(blocks):
        some = queries[block * LANES : (block + 1) * LANES]
        packed[block, :, : len(some)] = some.T
    alone = (stop - start) * packed.size <= _ALONE
    threads = 1 if alone else numba.get_num_threads()
    groups = max(-(-blocks // _GROUP), min(threads, blocks), 1)
    parts = max(1, min(threads // groups, (stop - start) // _TILE))  # few queries: share the rows out
    best = np.full((parts, blocks * LANES, keep), -1, np.int64)
    value = np.full((parts, blocks * LANES, keep), -np.inf, np.float32)
    bounds = np.linspace(start, stop, parts + 1).astype(np.int64)
    arrays = (packed, vectors, bias, bounds, rows, indptr, denied)
    if alone:
        _scan(*arrays, groups, _TILE, 0, groups * parts, best, value)
    else:
        with ONE_AT_A_TIME:
            _scan_in_parts(*arrays, groups, _TILE, best, value)
    return best.transpose(1, 0, 2)[:count].reshape(count, parts * keep), value[:, :count, -1].max(axis=0)


@jit(parallel=True)
def _scan_in_parts(
    packed: F32,
    vectors: F32,
    bias: F32,
    bounds: I64,
    rows: I64,
    indptr: I64,
    denied: I64,
    groups: int,
    tile: int,
    best: I64,
    value: F32,
) -> None:
    for task in numba.prange(groups * (len(bounds) - 1)):
        _scan(packed, vectors, bias, bounds, rows, indptr, denied, groups, tile, task, task + 1, best, value)


@jit()
def _scan(
    packed: F32,
    vectors: F32,
    bias: F32,
    bounds: I64,
    rows: I64,
    indptr: I64,
    denied: I64,
    groups: int,
    tile: int,
    begin: int,
    end: int,
    best: I64,
    value: F32,
) -> None:
    """Do tasks ``begin`` to ``end``; a task is a group of query blocks and a part of the range."""
    parts, blocks, queries = len(bounds) - 1, len(packed), len(indptr) - 1
    for task in range(begin, end):
        group, part = task // parts, task % parts
        first, last = group * blocks // groups, (group + 1) * blocks // groups
        worst = np.full((blocks, LANES), np.inf, np.float32)  # of lanes without a query: nothing is above it
        worst.reshape(-1)[first * LANES : min(last * LANES, queries)] = -np.inf
        scores = np.empty((ROWS, LANES), np.float32)
        for start in range(bounds[part], bounds[part + 1], tile):
            stop = min(start + tile, bounds[part + 1])
            for block in range(first, last):
                for at in range(start, stop, ROWS):
                    four = _rows(rows, at, stop)
                    if score_block(packed, block, vectors, bias, four, worst, block, scores) != 0:
                        for i in range(min(ROWS, stop - at)):
                            row = four[i]
                            _keep(scores[i], row, block, worst, indptr, denied, best[part], value[part])


@jit()
def _rows(rows: I64, at: int, stop: int) -> tuple[int, int, int, int]:
    """Return the rows at four positions; the last one again where the range ends."""
    a, b, c, d = at, min(at + 1, stop - 1), min(at + 2, stop - 1), min(at + 3, stop - 1)
    return (rows[a], rows[b], rows[c], rows[d]) if len(rows) else (a, b, c, d)


@jit()
def _keep(
    scores: F32, row: int, block: int, worst: F32, indptr: I64, denied: I64, best: I64, value: F32
) -> None:
    """Give the row to those queries of the block that it is good enough for and not denied to."""
    for lane in range(LANES):
        if scores[lane] > worst[block, lane]:
            query = block * LANES + lane
            if not contains(denied, indptr[query], indptr[query + 1], row):
                _insert(best[query], value[query], row, scores[lane])
                worst[block, lane] = value[query, -1]


@jit()
def _insert(found: I64, values: F32, row: int, score: float) -> None:
    """Put a row into its place, best first, dropping the last; of equal scores the earlier stays first."""
    place = len(values) - 1
    while place > 0 and score > values[place - 1]:
        values[place] = values[place - 1]
        found[place] = found[place - 1]
        place -= 1
    values[place] = score
    found[place] = row
