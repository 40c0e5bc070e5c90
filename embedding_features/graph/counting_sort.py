"""Kernels of linear time under :class:`.CSR`: group, transpose, order ties, merge.

A comparison sort of E edges costs E log E and an index of eight bytes an edge; grouping by a small integer
key needs one count and one pass. Grouping by destination, then transposing, sorts rows by destination.
``time`` and ``weight`` may be empty arrays, which stand for a relation without them: one compiled form each.
"""

import numpy as np

from embedding_features.arrays import F32, I32, I64
from embedding_features.jit import jit


@jit()
def group(key: I32, value: I32, time: I64, weight: F32, keys: int) -> tuple[I64, I32, I64, F32]:
    """Sort edges by ``key`` in 0..keys-1, stably, by counting.

    Returns:
        indptr [keys + 1], and value, time and weight [edges] in the new order.
    """
    indptr = np.zeros(keys + 1, np.int64)
    for k in key:
        indptr[k + 1] += 1
    for k in range(keys):
        indptr[k + 1] += indptr[k]
    place = indptr[:-1].copy()
    new_value, new_time, new_weight = np.empty_like(value), np.empty_like(time), np.empty_like(weight)
    for edge in range(len(key)):
        at = place[key[edge]]
        place[key[edge]] = at + 1
        new_value[at] = value[edge]
        if len(time):
            new_time[at] = time[edge]
        if len(weight):
            new_weight[at] = weight[edge]
    return indptr, new_value, new_time, new_weight


@jit()
def transpose(indptr: I64, indices: I32, time: I64, weight: F32, columns: int) -> tuple[I64, I32, I64, F32]:
    """Return the same edges grouped by column, within a column in the order of rows, then of edges."""
    starts = np.zeros(columns + 1, np.int64)
    for index in indices:
        starts[index + 1] += 1
    for column in range(columns):
        starts[column + 1] += starts[column]
    place = starts[:-1].copy()
    new_indices = np.empty(len(indices), np.int32)
    new_time, new_weight = np.empty(len(time), np.int64), np.empty(len(weight), np.float32)
    for row in range(len(indptr) - 1):
        for edge in range(indptr[row], indptr[row + 1]):
            at = place[indices[edge]]
            place[indices[edge]] = at + 1
            new_indices[at] = row
            if len(time):
                new_time[at] = time[edge]
            if len(weight):
                new_weight[at] = weight[edge]
    return starts, new_indices, new_time, new_weight


@jit()
def sort_ties(indptr: I64, indices: I32, time: I64, weight: F32) -> None:
    """Order the edges of each pair by time, then weight, in place. Rows must be sorted by index.

    Logs are mostly in order of time already, so a run is sorted only if it has to be.
    """
    for row in range(len(indptr) - 1):
        start = indptr[row]
        while start < indptr[row + 1]:
            stop = start + 1
            ordered = True
            while stop < indptr[row + 1] and indices[stop] == indices[start]:
                if len(time) and time[stop] != time[stop - 1]:
                    ordered &= time[stop] > time[stop - 1]
                elif len(weight):
                    ordered &= weight[stop] >= weight[stop - 1]
                stop += 1
            if not ordered:
                _heap_sort(start, stop, time, weight)
            start = stop


@jit()
def _heap_sort(start: int, stop: int, time: I64, weight: F32) -> None:
    """Order edges by time, then weight, in place (heapsort: a merge sort takes five seconds to compile)."""
    size = stop - start
    for step in range(size + size // 2 - 1, 0, -1):
        if step >= size:  # make the heap
            root, end = step - size, size
        else:  # its largest goes to the end
            root, end = 0, step
            _swap(start, start + end, time, weight)
        while 2 * root + 1 < end:
            child = 2 * root + 1
            if child + 1 < end and _before(start + child, start + child + 1, time, weight):
                child += 1
            if not _before(start + root, start + child, time, weight):
                break
            _swap(start + root, start + child, time, weight)
            root = child


@jit()
def _before(one: int, other: int, time: I64, weight: F32) -> bool:
    """Return whether an edge stands before another by time, then weight."""
    if len(time) and time[one] != time[other]:
        return bool(time[one] < time[other])
    return len(weight) > 0 and bool(weight[one] < weight[other])


@jit()
def _swap(one: int, other: int, time: I64, weight: F32) -> None:
    if len(time):
        time[one], time[other] = time[other], time[one]
    if len(weight):
        weight[one], weight[other] = weight[other], weight[one]


@jit()
def count_pairs(indptr: I64, indices: I32) -> int:
    """Return the number of distinct (row, index) pairs. Rows must be sorted by index."""
    pairs = 0
    for row in range(len(indptr) - 1):
        for edge in range(indptr[row], indptr[row + 1]):
            pairs += edge == indptr[row] or indices[edge] != indices[edge - 1]
    return pairs


@jit()
def merge_pairs(
    indptr: I64, indices: I32, time: I64, weight: F32, pairs: int, add: bool
) -> tuple[I64, I32, I64, F32]:
    """Return one edge for each of ``pairs`` pairs. Rows must be sorted by index and ties ordered.

    The edge has the pair's last time and, if ``add``, the float64 sum of its weights, else the last weight.
    """
    merged = np.zeros_like(indptr)
    new_indices = np.empty(pairs, np.int32)
    new_time = np.empty(pairs if len(time) else 0, np.int64)
    new_weight = np.empty(pairs if len(weight) else 0, np.float32)
    kept = 0
    for row in range(len(indptr) - 1):
        start = indptr[row]
        while start < indptr[row + 1]:
            stop = start + 1
            while stop < indptr[row + 1] and indices[stop] == indices[start]:
                stop += 1
            new_indices[kept] = indices[start]
            if len(time):
                new_time[kept] = time[stop - 1]
            if len(weight):
                total = 0.0
                for edge in range(start if add else stop - 1, stop):
                    total += weight[edge]
                new_weight[kept] = total
            kept += 1
            start = stop
        merged[row + 1] = kept
    return merged, new_indices, new_time, new_weight
