"""Scored pairs of request and item made into lists of unseen items, best first; all sources use this."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from embedding_features.arrays import F32, F64, I64, positions_in_runs
from embedding_features.arrow import flat_array
from ranking.modes.requests import Requests


def last_liked(requests: Requests, liked: pa.Table, item: I64, length: int) -> tuple[I64, I64]:
    """Return [e] request and item of each user's last likes, newest first; an item of -1 is passed over."""
    user = codes_among(flat_array(liked["user_id"]), requests.users)
    events = np.flatnonzero((user >= 0) & (item >= 0))[::-1]
    events = events[np.argsort(user[events], kind="stable")]
    events = events[positions_in_run(user[events]) < length]
    return user[events], item[events]


def summed(
    request: I64, found: I64, score: F64 | F32, requests: Requests, ids: pa.Array, k: int
) -> pa.ListArray:
    """Return [q] lists of the best k unseen items by the sum of their scores.

    Args:
        request: [e] request that an event belongs to.
        found: [e, n] codes of items near the event's item, -1 for none.
        score: [e, n] how near they are.
        requests: of one moment.
        ids: the item of each code.
        k: the most items of a list.
    """
    there = found >= 0
    keys = (request[:, None] * len(ids) + found)[there]
    pairs, position = np.unique(keys, return_inverse=True)
    total = np.bincount(position, score[there].astype(np.float64), len(pairs)).astype(np.float64)
    return best_unseen(pairs // len(ids), pairs % len(ids), total, requests, ids, k)


def best_unseen(
    request: I64, code: I64, score: F64 | F32, requests: Requests, ids: pa.Array, k: int
) -> pa.ListArray:
    """Return [q] lists of the best k unseen items; equal scores by code."""
    seen = codes_among(requests.seen.flatten(), ids)
    keys_seen = (list_numbers(requests.seen) * len(ids) + seen)[seen >= 0]
    unseen = ~np.isin(request * len(ids) + code, keys_seen)
    request, code, score = request[unseen], code[unseen], score[unseen]
    order = np.lexsort((code, -score, request))
    order = order[positions_in_run(request[order]) < k]
    offsets = np.searchsorted(request[order], np.arange(len(requests) + 1))
    return pa.ListArray.from_arrays(
        pa.array(offsets, pa.int32()), ids.take(pa.array(code[order], pa.int64()))
    )


def list_numbers(lists: pa.ListArray) -> I64:
    """Return for each value of the lists, one after another, the number of the list it is in."""
    return np.repeat(np.arange(len(lists)), np.diff(lists.offsets.to_numpy()))


def codes_among(ids: pa.Array, known: pa.Array) -> I64:
    """Return the positions of ids among known ones, -1 for others."""
    return np.asarray(pc.index_in(ids, value_set=known).fill_null(-1).to_numpy(), np.int64)


def positions_in_run(group: I64) -> I64:
    """Return [n] positions within the run of equal values."""
    starts = np.flatnonzero(np.concatenate([[True], group[1:] != group[:-1]])) if len(group) else group
    counts = np.diff(np.append(starts, len(group)))
    return positions_in_runs(counts)
