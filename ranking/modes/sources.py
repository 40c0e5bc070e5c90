"""Where candidates come from: each source gives every request a list of unseen items, best first.

An index must be of a snapshot strictly older than the requests' moment, and counts are of what came strictly
before it, so no candidate knows of what is to be found.
"""

from itertools import pairwise

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from embedding_features.arrays import F32, F64, I64, Bool
from embedding_features.errors import LeakError
from embedding_features.recall import (
    Hits,
    Queries,
    RecallIndex,
    cold_start_recall,
    cross_domain_recall,
    interest_recall,
)
from ranking.encoding import flat_array
from ranking.modes.requests import Requests


def popular(requests: Requests, k: int, days: float | None = None) -> pa.ListArray:
    """The items with the most labels of 1, of the last ``days`` where given; equal ones by id."""
    counts = requests.liked(days).group_by("item_id").aggregate([("item_id", "count")])
    order = pc.sort_indices(counts, [("item_id_count", "descending"), ("item_id", "ascending")])
    items = flat_array(counts["item_id"].take(order))
    seen = _codes(requests.seen.flatten(), items)
    begin = np.asarray(requests.seen.offsets.to_numpy(), np.int64)
    rows: list[I64] = []
    for low, high in pairwise(begin):
        unseen = np.ones(len(items), np.bool_)
        known = seen[low:high]
        unseen[known[known >= 0]] = False
        rows.append(np.flatnonzero(unseen)[:k])
    offsets = np.concatenate([[0], np.cumsum([len(row) for row in rows])])
    taken = items.take(pa.array(np.concatenate(rows), pa.int64()))
    return pa.ListArray.from_arrays(pa.array(offsets, pa.int32()), taken)


def item2item(
    requests: Requests, items: RecallIndex, k: int, length: int = 10, neighbours: int = 50
) -> pa.ListArray:
    """The nearest items of each user's last ``length`` liked ones, by the sum of their scores.

    Raises:
        LeakError: when the index is not older than the requests.
    """
    _check_older(items, requests)
    liked = requests.liked()
    user = _codes(flat_array(liked["user_id"]), requests.users)
    row = items.catalogue.rows(flat_array(liked["item_id"]))
    events = np.flatnonzero((user >= 0) & (row >= 0))[::-1]  # newest first
    events = events[np.argsort(user[events], kind="stable")]
    events = events[_rank(user[events]) < length]
    distinct, which = np.unique(row[events], return_inverse=True)
    if not len(distinct) or len(items) == 1:
        none = np.zeros(0, np.int64)
        return _best(none, none, np.zeros(0), requests, items, k)
    hits = items.search_ids(items.catalogue.take(distinct), min(neighbours, len(items) - 1))
    found, score = hits.rows[which], hits.scores[which].astype(np.float64)
    request = np.repeat(user[events], found.shape[1])
    there = found.reshape(-1) >= 0
    pairs, place = np.unique(request[there] * len(items) + found.reshape(-1)[there], return_inverse=True)
    total = np.bincount(place, score.reshape(-1)[there], len(pairs)).astype(np.float64)
    return _best(pairs // len(items), pairs % len(items), total, requests, items, k)


def interest(requests: Requests, items: RecallIndex, users: RecallIndex, k: int) -> pa.ListArray:
    """What the users' vectors lead to; nothing for users that the snapshot lacks.

    Raises:
        LeakError: when an index is not older than the requests.
    """
    known, vectors = _known_users(requests, items, users)
    seen = requests.seen.filter(pa.array(known))
    return _scattered(known, interest_recall(items, vectors, k, seen=seen) if known.any() else None, items)


def cross_domain(
    requests: Requests, items: RecallIndex, users: RecallIndex, k: int, domain: str
) -> pa.ListArray:
    """Items of one domain (partition of ``items``) for users known from any.

    Raises:
        LeakError: when an index is not older than the requests.
    """
    known, vectors = _known_users(requests, items, users)
    seen = requests.seen.filter(pa.array(known))
    hits = cross_domain_recall(items, vectors, domain, k, deny=seen) if known.any() else None
    return _scattered(known, hits, items)


def cold_start(
    requests: Requests, items: RecallIndex, users: RecallIndex, k: int, first: int = 10, reach: int = 100
) -> pa.ListArray:
    """Items that no snapshot holds yet, for the ``reach`` users whose vectors are nearest to the mean vector
    of the ``first`` known users who took to them.

    Raises:
        LeakError: when an index is not older than the requests.
    """
    _check_older(users, requests)
    liked = requests.liked()
    fresh = flat_array(liked["item_id"])
    row = users.catalogue.rows(flat_array(liked["user_id"]))
    events = np.flatnonzero((items.catalogue.rows(fresh) < 0) & (row >= 0))
    encoded = fresh.take(pa.array(events)).dictionary_encode()
    code = np.asarray(encoded.indices.to_numpy(), np.int64)
    order = np.argsort(code, kind="stable")
    order = order[_rank(code[order]) < first]
    if not len(order):
        return pa.array([[]] * len(requests), pa.list_(fresh.type))
    starts = np.flatnonzero(_rank(code[order]) == 0)
    vectors = users.vectors_of(users.catalogue.take(row[events[order]])).vectors
    mean = np.add.reduceat(vectors, starts, axis=0) / np.diff(np.append(starts, len(order)))[:, None]
    hits = cold_start_recall(users, Queries(users.manifest.space, mean.astype(np.float32)), reach)
    there = hits.rows.reshape(-1) >= 0
    user = _codes(hits.ids.filter(pa.array(there)), requests.users)
    item = np.repeat(np.arange(len(mean)), hits.rows.shape[1])[there]
    asked = user >= 0
    score = hits.scores.reshape(-1)[there][asked]
    return _best_of(user[asked], item[asked], score, requests, encoded.dictionary, k)


def _check_older(index: RecallIndex, requests: Requests) -> None:
    made = index.manifest
    if made.as_of >= requests.moment:
        raise LeakError(
            f"the {made.node_type} index of {made.run_id} is as of {made.as_of}, not before the requests of "
            f"{requests.moment}",
            fix="take the newest snapshot that is strictly older",
        )


def _known_users(requests: Requests, items: RecallIndex, users: RecallIndex) -> tuple[Bool, Queries]:
    """[q] whose users have a vector, and those vectors."""
    for index in (items, users):
        _check_older(index, requests)
    rows = users.catalogue.rows(requests.users)
    return rows >= 0, users.vectors_of(users.catalogue.take(rows[rows >= 0]))


def _scattered(known: Bool, hits: Hits | None, items: RecallIndex) -> pa.ListArray:
    """[q] lists of the requests that are known, empty ones of the others."""
    counts = np.zeros(len(known), np.int64)
    found = pa.array([], items.catalogue.ids.type)
    if hits is not None:
        counts[known] = (hits.rows >= 0).sum(1)
        found = hits.lists().flatten()
    offsets = np.concatenate([[0], np.cumsum(counts)])
    return pa.ListArray.from_arrays(pa.array(offsets, pa.int32()), found)


def _best(request: I64, row: I64, score: F64, requests: Requests, items: RecallIndex, k: int) -> pa.ListArray:
    return _best_of(request, row, score, requests, items.catalogue.ids, k)


def _best_of(
    request: I64, code: I64, score: F64 | F32, requests: Requests, ids: pa.Array, k: int
) -> pa.ListArray:
    """[q] lists of the best k unseen; equal scores by code."""
    seen = _codes(requests.seen.flatten(), ids)
    owner = np.repeat(np.arange(len(requests)), np.diff(requests.seen.offsets.to_numpy()))
    unseen = ~np.isin(request * len(ids) + code, (owner * len(ids) + seen)[seen >= 0])
    request, code, score = request[unseen], code[unseen], score[unseen]
    order = np.lexsort((code, -score, request))
    order = order[_rank(request[order]) < k]
    offsets = np.searchsorted(request[order], np.arange(len(requests) + 1))
    return pa.ListArray.from_arrays(
        pa.array(offsets, pa.int32()), ids.take(pa.array(code[order], pa.int64()))
    )


def _codes(ids: pa.Array, known: pa.Array) -> I64:
    """Positions of ids among known ones, -1 for others."""
    return np.asarray(pc.index_in(ids, value_set=known).fill_null(-1).to_numpy(), np.int64)


def _rank(group: I64) -> I64:
    """[n] place within the run of equal values."""
    starts = np.flatnonzero(np.concatenate([[True], group[1:] != group[:-1]])) if len(group) else group
    counts = np.diff(np.append(starts, len(group)))
    ranks: I64 = np.arange(len(group)) - np.repeat(starts, counts)
    return ranks
