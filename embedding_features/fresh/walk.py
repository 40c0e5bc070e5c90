"""A log arranged so that each node's events are walked once, beside the snapshots that its rows may see."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, NamedTuple

import numba
import numpy as np

from embedding_features.arrays import I64, AnyArray, Bool
from embedding_features.errors import DataError
from embedding_features.jit import jit

#: runs of nodes that a thread takes one after the other, so that none waits long for the last
_RUNS_A_THREAD = 8


@dataclass(frozen=True)
class Events:
    """Holds the rows of a log; a row is an event for the rows after it.

    Attributes:
        node: [n] code of the node whose events they are, from 0.
        other: [n] code of the other side's node, from 0.
        time: [n] µs since 1970, UTC.
        value: [n] what the node gave to the other: a label or a rating.
        wanted: [n] for which rows figures are wanted; None: for all.
        counted: [n] which rows are events; None: all. Others are asked about, and no later row sees them.

    Raises:
        DataError: when arrays differ in length, a value is NaN or infinite, or a code is negative.
    """

    node: I64
    other: I64
    time: I64
    value: AnyArray
    wanted: Bool | None = None
    counted: Bool | None = None

    def __post_init__(self) -> None:
        lengths = {len(array) for array in vars(self).values() if array is not None}
        if len(lengths) != 1:
            raise DataError(f"events of {sorted(lengths)} rows", fix="give one of everything for each event")
        bad = int((~np.isfinite(self.value)).sum())
        if bad:
            raise DataError(
                f"{bad} of {len(self.value)} values of events are NaN or infinite", fix="leave them out"
            )
        if min(self.node.min(initial=0), self.other.min(initial=0)) < 0:
            raise DataError("codes of events are negative", fix="give codes from 0")


class Walk(NamedTuple):
    """Holds what kernels walk: a named tuple, for numba knows those.

    Attributes:
        begin: [nodes + 1] events of each node in ``order``.
        order: [e] rows that are events, by node, then by time; of one moment by other node, then by value. A
            position in it is a place.
        previous: [e] place of the event before a place's own with the same two nodes; -1 where none is.
        following: [e] place of the one after; e where none is.
        asked_begin: [nodes + 1] rows of each node in ``asked``.
        asked: [a] rows whose figures are wanted and that see a snapshot, by node, then by time.
        earlier: [a] of each of these, the place where its node's events strictly before it end.
        other: [n] code of each row's other node.
        time: [n] µs.
        value: [n] float64.
        snapshot: [n] the newest snapshot strictly before each row; -1 where there is none.
        entry: [snapshots, codes] row of each other node in that snapshot's table; -1 where it has none.
        own: [snapshots, nodes] likewise of each node, in the table of its own type.
        last: number of a node's newest events that count; all of the oldest one's moment do.
    """

    begin: I64
    order: I64
    previous: I64
    following: I64
    asked_begin: I64
    asked: I64
    earlier: I64
    other: I64
    time: I64
    value: AnyArray
    snapshot: I64
    entry: I64
    own: I64
    last: int


def make_walk(events: Events, moments: I64, entry: Sequence[I64], own: Sequence[I64], last: int) -> Walk:
    """Arrange events for kernels.

    Args:
        events: the rows.
        moments: [snapshots] µs, ``as_of`` of each, ascending; a row sees the newest one strictly before it.
        entry: of each snapshot [codes] the row of each other node in its table, -1 for one without.
        own: of each snapshot [nodes] likewise of the nodes themselves.
        last: newest events of a node that count.

    Raises:
        DataError: when ``last`` is below 1, moments do not ascend, or rows are not given for each snapshot
            and code.
    """
    if last < 1:
        raise DataError(f"the last {last} events", fix="look at 1 or more")
    if (np.diff(moments) <= 0).any():
        raise DataError("moments of snapshots do not ascend", fix="give each moment once, in order")
    if not len(moments) == len(entry) == len(own):
        raise DataError(f"{len(moments)} moments, and rows of {len(entry)} and {len(own)} snapshots")
    _check_codes(events.other, entry)
    _check_codes(events.node, own)
    order = _chosen(events.counted, (events.value, events.other, events.time, events.node))
    previous, following = _same_pairs(events.node[order], events.other[order])
    snapshot = np.searchsorted(moments, events.time, side="left") - 1
    wanted = snapshot >= 0 if events.wanted is None else events.wanted & (snapshot >= 0)
    asked = _chosen(wanted, (events.time, events.node))
    nodes = np.arange(1 + (len(own[0]) if len(own) else int(events.node.max(initial=-1)) + 1))
    return Walk(
        begin=np.searchsorted(events.node[order], nodes),
        order=order,
        previous=previous,
        following=following,
        asked_begin=np.searchsorted(events.node[asked], nodes),
        asked=asked,
        earlier=_earlier(events, order, asked),
        other=_writable(events.other),
        time=_writable(events.time),
        value=_writable(events.value.astype(np.float64, copy=False)),
        snapshot=snapshot,
        entry=np.stack(entry) if len(entry) else np.empty((0, 0), np.int64),
        own=np.stack(own) if len(own) else np.empty((0, 0), np.int64),
        last=last,
    )


def _writable(array: AnyArray) -> AnyArray:
    """Return an array that is contiguous and may be written to: kernels are compiled anew for any other."""
    return np.require(array, requirements=["C", "W"])


def _chosen(mask: Bool | None, keys: tuple[AnyArray, ...]) -> I64:
    """Return the rows of a mask, sorted by keys of which the last one is the first to be sorted by."""
    if mask is None:
        return np.lexsort(keys)
    rows = np.flatnonzero(mask)
    return rows[np.lexsort(tuple(key[rows] for key in keys))]


def _earlier(events: Events, order: I64, asked: I64) -> I64:
    """Return of each asked row the place where its node's events strictly before it end."""
    moments, rank = np.unique(events.time, return_inverse=True)
    key = events.node * (len(moments) + 1) + rank
    return np.searchsorted(key[order], key[asked])


def _check_codes(codes: I64, rows: Sequence[I64]) -> None:
    """Check that each snapshot has a row for every code: kernels look them up without asking."""
    given = min(map(len, rows), default=None)
    if given is not None and codes.max(initial=-1) >= given:
        raise DataError(f"codes of events up to {codes.max()} of {given} ids", fix="give all ids")


def _same_pairs(node: I64, other: I64) -> tuple[I64, I64]:
    """Return of each place that of the event before, and after, of the same two nodes."""
    n = len(node)
    order = np.lexsort((other, node))
    same = (np.diff(node[order]) == 0) & (np.diff(other[order]) == 0)
    previous, following = np.full(n, -1), np.full(n, n)
    previous[order[1:][same]] = order[:-1][same]
    following[order[:-1][same]] = order[1:][same]
    return previous, following


def each_node(kernel: Callable[..., None], walk: Walk, *arguments: Any) -> None:
    """Run ``kernel(first, end, walk, …)`` for all nodes of a walk, in threads where there are several.

    Threads share out runs of nodes with about as many rows each. They are not numba's: a kernel that is
    compiled for those takes twice as long to compile, and cannot be called from several threads of a service.
    """
    nodes, threads = len(walk.begin) - 1, numba.get_num_threads()
    if nodes < 2 or threads == 1:
        kernel(0, nodes, walk, *arguments)
        return
    rows = walk.begin + walk.asked_begin
    runs = np.searchsorted(rows, np.linspace(0, rows[-1], _RUNS_A_THREAD * threads + 1))
    runs[0], runs[-1] = 0, nodes
    with ThreadPoolExecutor(threads) as pool:
        for done in [pool.submit(kernel, *run, walk, *arguments) for run in pairwise(runs.tolist())]:
            done.result()


@jit()
def first_kept(walk: Walk, begin: int, end: int) -> int:
    """Return the first place that counts among a node's events from place ``begin`` to ``end``."""
    first = max(begin, end - walk.last)
    while first > begin and walk.time[walk.order[first - 1]] == walk.time[walk.order[first]]:
        first -= 1
    return first
