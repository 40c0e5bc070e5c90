"""Candidates from indexes of pretrained vectors: each source gives every request a list of unseen items.

Lists are best first. An index must be of a snapshot strictly older than the requests' moment, so no candidate
knows of what is to be found.
"""

import numpy as np
import pyarrow as pa

from embedding_features.arrays import Bool
from embedding_features.arrow import flat_array
from embedding_features.errors import LeakError
from embedding_features.recall import (
    Hits,
    Queries,
    RecallIndex,
    cold_start_recall,
    cross_domain_recall,
    interest_recall,
)
from ranking.modes.lists import best_unseen, codes_among, last_liked, positions_in_run, summed
from ranking.modes.requests import Requests


def item2item(
    requests: Requests, items: RecallIndex, k: int, length: int = 10, neighbours: int = 50
) -> pa.ListArray:
    """Return the nearest items of each user's last ``length`` liked ones, by the sum of their scores.

    Raises:
        LeakError: when the index is not older than the requests.
    """
    check_older(items, requests)
    liked = requests.liked()
    asking, start = last_liked(requests, liked, items.catalogue.rows(flat_array(liked["item_id"])), length)
    distinct, which = np.unique(start, return_inverse=True)
    ids = items.catalogue.ids
    if not len(distinct) or len(items) == 1:
        return pa.array([[]] * len(requests), pa.list_(ids.type))
    hits = items.search_ids(items.catalogue.take(distinct), min(neighbours, len(items) - 1))
    return summed(asking, hits.rows[which], hits.scores[which], requests, ids, k)


def interest(requests: Requests, items: RecallIndex, users: RecallIndex, k: int) -> pa.ListArray:
    """Return the items nearest to the users' vectors; none for users that the snapshot lacks.

    Raises:
        LeakError: when an index is not older than the requests.
    """
    return nearest_unseen(requests, items, *_known_users(requests, items, users), k)


def nearest_unseen(
    requests: Requests, items: RecallIndex, known: Bool, vectors: Queries, k: int
) -> pa.ListArray:
    """Return the items nearest to the vectors of the users that have one, none that they have met.

    Args:
        requests: of one moment.
        items: the index to search.
        known: [q] whose users have a vector.
        vectors: of these.
        k: the most items of a list.
    """
    seen = requests.seen.filter(pa.array(known))
    hits = interest_recall(items, vectors, k, seen=seen) if known.any() else None
    return _lists_of_known(known, hits, items)


def cross_domain(
    requests: Requests, items: RecallIndex, users: RecallIndex, k: int, domain: str
) -> pa.ListArray:
    """Return items of one domain (partition of ``items``) for users known from any.

    Raises:
        LeakError: when an index is not older than the requests.
    """
    known, vectors = _known_users(requests, items, users)
    seen = requests.seen.filter(pa.array(known))
    hits = cross_domain_recall(items, vectors, domain, k, deny=seen) if known.any() else None
    return _lists_of_known(known, hits, items)


def cold_start(
    requests: Requests, items: RecallIndex, users: RecallIndex, k: int, first: int = 10, reach: int = 100
) -> pa.ListArray:
    """Return items that no snapshot holds yet, for the users nearest to those who took to them.

    Such an item goes to the ``reach`` users whose vectors are nearest to the mean vector of the ``first``
    known users who took to it.

    Raises:
        LeakError: when an index is not older than the requests.
    """
    check_older(users, requests)
    liked = requests.liked()
    fresh = flat_array(liked["item_id"])
    row = users.catalogue.rows(flat_array(liked["user_id"]))
    events = np.flatnonzero((items.catalogue.rows(fresh) < 0) & (row >= 0))
    encoded = fresh.take(pa.array(events)).dictionary_encode()
    code = np.asarray(encoded.indices.to_numpy(), np.int64)
    order = np.argsort(code, kind="stable")
    order = order[positions_in_run(code[order]) < first]
    if not len(order):
        return pa.array([[]] * len(requests), pa.list_(fresh.type))
    starts = np.flatnonzero(positions_in_run(code[order]) == 0)
    vectors = users.vectors_of(users.catalogue.take(row[events[order]])).vectors
    mean = np.add.reduceat(vectors, starts, axis=0) / np.diff(np.append(starts, len(order)))[:, None]
    hits = cold_start_recall(users, Queries(users.manifest.space, mean.astype(np.float32)), reach)
    there = hits.rows.reshape(-1) >= 0
    user = codes_among(hits.ids.filter(pa.array(there)), requests.users)
    item = np.repeat(np.arange(len(mean)), hits.rows.shape[1])[there]
    asks = user >= 0
    score = hits.scores.reshape(-1)[there][asks]
    return best_unseen(user[asks], item[asks], score, requests, encoded.dictionary, k)


def check_older(index: RecallIndex, requests: Requests) -> None:
    """Check that an index knows nothing of the requests' moment or later.

    Raises:
        LeakError: when its snapshot is not strictly older.
    """
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
        check_older(index, requests)
    rows = users.catalogue.rows(requests.users)
    return rows >= 0, users.vectors_of(users.catalogue.take(rows[rows >= 0]))


def _lists_of_known(known: Bool, hits: Hits | None, items: RecallIndex) -> pa.ListArray:
    """[q] lists of the requests that are known, empty ones of the others."""
    counts = np.zeros(len(known), np.int64)
    found = pa.array([], items.catalogue.ids.type)
    if hits is not None:
        counts[known] = (hits.rows >= 0).sum(1)
        found = hits.lists().flatten()
    offsets = np.concatenate([[0], np.cumsum(counts)])
    return pa.ListArray.from_arrays(pa.array(offsets, pa.int32()), found)
