"""Sums of a node's earlier events by the groups that a row's other node is in."""

from typing import NamedTuple

import numpy as np

from embedding_features.arrays import F64, I64, Bool
from embedding_features.fresh.history import gather_events
from embedding_features.fresh.walk import Walk
from embedding_features.jit import jit


class Groups(NamedTuple):
    """Holds groups of the other side's nodes, snapshots end to end.

    Attributes:
        first: [snapshots] where the rows of each one begin.
        code: [kinds, r] group of each node by each kind of groups; codes are a snapshot's own.
        level: [r] taken from the value of an event.
        like: [snapshots] an event of a value above it is a like.
        likes: whether a like adds 1 and any other event 0, in place of value less level.
        known: [r] nodes whose events count.
    """

    first: I64
    code: I64
    level: F64
    like: F64
    likes: bool
    known: Bool


class GroupSums(NamedTuple):
    """Holds what :func:`sum_groups` writes; NaN for rows not wanted, without a snapshot or a group.

    Attributes:
        total: [n, kinds] sum over the earlier events with nodes of the group of the row's other node.
        events: [n, kinds] how many these are.
    """

    total: F64
    events: F64


@jit()
def sum_groups(first: int, end: int, walk: Walk, groups: Groups, out: GroupSums) -> None:
    """Set ``out`` for the rows of the nodes from ``first`` to before ``end``."""
    for node in range(first, end):
        _sum_groups_node(node, walk, groups, out)


@jit()
def _sum_groups_node(node: int, walk: Walk, groups: Groups, out: GroupSums) -> None:
    """Set ``out`` for the rows of one node."""
    begin, end = walk.begin[node], walk.begin[node + 1]
    kinds, size = len(groups.code), end - begin
    events, entries = np.empty(size, np.int64), np.empty(size, np.int64)
    code, value = np.empty((kinds, size), np.int64), np.empty(size)
    seen, added, count = -1, -1, 0
    for asked in range(walk.asked_begin[node], walk.asked_begin[node + 1]):
        row = walk.asked[asked]
        at = walk.snapshot[row]
        first = groups.first[at]
        if at != seen or added != walk.earlier[asked]:
            seen, added = at, walk.earlier[asked]
            count = gather_events(walk, at, begin, added, first, groups.known, events, entries)
            _look_up(walk, groups, at, events[:count], entries[:count], code, value)
        entry = walk.entry[at, walk.other[row]]
        if entry < 0:
            continue
        for kind in range(kinds):
            mine, total, found = groups.code[kind, first + entry], 0.0, 0
            for k in range(count):
                if code[kind, k] == mine:
                    total += value[k]
                    found += 1
            out.total[row, kind], out.events[row, kind] = total, found


@jit()
def _look_up(walk: Walk, groups: Groups, at: int, events: I64, entries: I64, code: I64, value: F64) -> None:
    """Set the groups of the gathered events, and what each adds."""
    for k in range(len(events)):
        given = walk.value[events[k]]
        if groups.likes:
            value[k] = 1.0 if given > groups.like[at] else 0.0
        else:
            value[k] = given - groups.level[entries[k]]
        for kind in range(len(code)):
            code[kind, k] = groups.code[kind, entries[k]]
