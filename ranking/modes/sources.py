"""Where candidates come from: each source gives every request a list of unseen items, best first.

An index must be of a snapshot strictly older than the requests' moment, and counts are of what came strictly
before it, so no candidate knows of what is to be found.
"""

from itertools import pairwise

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from embedding_features.arrays import I64, Bool
from embedding_features.errors import LeakError
from embedding_features.recall import (
    Hits,
    Queries,
    RecallIndex,
    cold_start_recall,
    cross_domain_recall,
    interest_recall,
)
from ranking.inputs.arrow import flat_array
from ranking.log_features.item_knn import nearest_items
from ranking.modes.lists import best_unseen, codes, last_liked, run_places, summed
from ranking.modes.requests import Requests
from ranking.task.task import SIDES


def popular(requests: Requests, k: int, days: float | None = None) -> pa.ListArray:
    """The items with the most labels of 1, of the last ``days`` where given; equal ones by id."""
    counts = requests.liked(days).group_by("item_id").aggregate([("item_id", "count")])
    order = pc.sort_indices(counts, [("item_id_count", "descending"), ("item_id", "ascending")])
    items = flat_array(counts["item_id"].take(order))
    seen = codes(requests.seen.flatten(), items)
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
    asking, start = last_liked(requests, liked, items.catalogue.rows(flat_array(liked["item_id"])), length)
    distinct, which = np.unique(start, return_inverse=True)
    ids = items.catalogue.ids
    if not len(distinct) or len(items) == 1:
        return pa.array([[]] * len(requests), pa.list_(ids.type))
    hits = items.search_ids(items.catalogue.take(distinct), min(neighbours, len(items) - 1))
    return summed(asking, hits.rows[which], hits.scores[which], requests, ids, k)


def item_knn(
    requests: Requests, k: int, length: int = 10, neighbours: int = 50, shrinkage: float = 10.0
) -> pa.ListArray:
    """As :func:`item2item`, of the log alone: items that the same users liked
    (:func:`.nearest_items`, with ``shrinkage``)."""
    liked = requests.liked()
    users, items = (flat_array(liked[f"{side}_id"]).dictionary_encode() for side in SIDES)
    user, item = (np.asarray(ids.indices.to_numpy(), np.int64) for ids in (users, items))
    asking, start = last_liked(requests, liked, item, length)
    distinct, which = np.unique(start, return_inverse=True)
    found, score = nearest_items(user, item, distinct, neighbours, shrinkage)
    return summed(asking, found[which], score[which], requests, items.dictionary, k)


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
    order = order[run_places(code[order]) < first]
    if not len(order):
        return pa.array([[]] * len(requests), pa.list_(fresh.type))
    starts = np.flatnonzero(run_places(code[order]) == 0)
    vectors = users.vectors_of(users.catalogue.take(row[events[order]])).vectors
    mean = np.add.reduceat(vectors, starts, axis=0) / np.diff(np.append(starts, len(order)))[:, None]
    hits = cold_start_recall(users, Queries(users.manifest.space, mean.astype(np.float32)), reach)
    there = hits.rows.reshape(-1) >= 0
    user = codes(hits.ids.filter(pa.array(there)), requests.users)
    item = np.repeat(np.arange(len(mean)), hits.rows.shape[1])[there]
    asked = user >= 0
    score = hits.scores.reshape(-1)[there][asked]
    return best_unseen(user[asked], item[asked], score, requests, encoded.dictionary, k)


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
