"""What the recipes that sum events by groups share: reading the groups, and summing."""

from collections.abc import Sequence

import numpy as np

from embedding_features.arrays import F64, I64
from embedding_features.fresh.groups_kernel import Groups, GroupSums, sum_groups
from embedding_features.fresh.levels import least_likes
from embedding_features.fresh.tables import begins
from embedding_features.fresh.walk import Walk, each_node


def make_groups(kinds: Sequence[Sequence[I64]], levels: Sequence[F64], *, likes: bool) -> Groups:
    """Lay the groups of several snapshots end to end, and a last kind that all nodes are in.

    Args:
        kinds: of each kind, of each snapshot, [m] codes.
        levels: of each snapshot [m] what is taken from values; empty: nothing is.
        likes: whether likes are counted.
    """
    lengths = [len(codes) for codes in kinds[0]]
    n = sum(lengths)
    everything = np.zeros(n, np.int64)
    return Groups(
        first=begins(lengths),
        code=np.stack([*(np.concatenate(codes) for codes in kinds), everything]),
        level=np.concatenate(levels) if levels else np.zeros(n),
        like=least_likes(levels, len(lengths)),
        likes=likes,
        known=np.ones(n, np.bool_),
    )


def group_sums(walk: Walk, groups: Groups) -> GroupSums:
    """Return the sums of each wanted row; the last column is of all events that count."""
    shape = len(walk.time), len(groups.code)
    sums = GroupSums(np.full(shape, np.nan), np.full(shape, np.nan))
    each_node(sum_groups, walk, groups, sums)
    return sums
