"""Candidates from indexes of pretrained vectors: each source gives every request a list of unseen items.

Lists are best first. An index must be of a snapshot strictly older than the requests' moment, so no candidate
knows of what is to be found.
"""

from collections.abc import Iterator
from itertools import pairwise

import numpy as np
import pyarrow as pa

from embedding_features.arrays import Bool
from embedding_features.arrow import flat_array
from embedding_features.errors import LeakError
from embedding_features.fresh import FreshSeries, NodeEvents, find_medoids
from embedding_features.fresh.queries import MEAN_WEIGHT, QUERY_EVENTS, query_vectors
from embedding_features.recall import (
    Hits,
    Queries,
    RecallIndex,
    cold_start_recall,
    cross_domain_recall,
    interest_recall,
)
from embedding_features.sources.moment import to_microseconds
from ranking.modes.lists import best_unseen, codes_among, last_liked, positions_in_run, summed
from ranking.modes.requests import Requests


def item2item(
    requests: Requests, items: RecallIndex, k: int, length: int = 10, neighbours: int = 50
) -> pa.ListArray:
    """Return the nearest items of each user's last ``length`` liked ones, by the sum of their scores.

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


def interest(requests: Requests, items: RecallIndex, users: RecallIndex, k: int) -> pa.ListArray:
    """Return the items nearest to the users' vectors; none for users that the snapshot lacks.

    Raises:
        LeakError: when an index is not older than the requests.
    """
    return _nearest(requests, items, *_known_users(requests, items, users), k)


def fresh_interest(
    requests: Requests,
    items: RecallIndex,
    users: RecallIndex,
    series: FreshSeries,
    k: int,
    length: int = QUERY_EVENTS,
    mean_user: float = MEAN_WEIGHT,
) -> pa.ListArray:
    """Return the items nearest to vectors made of the users' latest events before the moment.

    Users that the snapshot lacks get candidates as well (:func:`.query_vectors`); one without any event gets
    those of the mean user.

    Args:
        requests: of one moment.
        items: the index to search.
        users: whose mean is added.
        series: what makes vectors of events.
        k: the most items of a list.
        length: newest events of a user that count.
        mean_user: weight of the mean.

    Raises:
        LeakError: when an index is not older than the requests.
    """
    for index in (items, users):
        _check_older(index, requests)
    user = codes_among(flat_array(requests.past["user_id"]), requests.users)
    own = np.flatnonzero(user >= 0)
    vectors = query_vectors(
        series,
        users.vectors_of(users.catalogue.ids).vectors.mean(axis=0, dtype=np.float64),
        requests.users,
        user[own],
        _events(requests.past.take(pa.array(own))),
        items.catalogue.ids.slice(0, 1),
        to_microseconds(requests.moment),
        last=length,
        mean_weight=mean_user,
    )
    known: Bool = np.asarray(np.isfinite(vectors).all(axis=1))
    queries = Queries(items.manifest.space, vectors[known].astype(np.float32))
    return _nearest(requests, items, known, queries, k)


def _nearest(requests: Requests, items: RecallIndex, known: Bool, vectors: Queries, k: int) -> pa.ListArray:
    """Return the items nearest to the vectors of the users that are known, unseen ones."""
    seen = requests.seen.filter(pa.array(known))
    hits = interest_recall(items, vectors, k, seen=seen) if known.any() else None
    return _lists_of_known(known, hits, items)


def medoids(requests: Requests, items: RecallIndex, series: FreshSeries, k: int) -> pa.ListArray:
    """Return the items nearest to the medoids of the users' likes before the moment, merged for each user.

    An item's score is the sum of its scores over the medoids, each weighted by its share of importance: the
    mean of what PinnerSage draws (Pal et al., KDD 2020, section 5). A user without likes gets none.

    Raises:
        LeakError: when the index is not older than the requests.
        ConfigError: when the series has not the recipe ``medoids``.
    """
    _check_older(items, requests)
    moment, ids = to_microseconds(requests.moment), items.catalogue.ids
    found = [find_medoids(series, one, moment) for one in _histories(requests)]
    counts = [len(one.ids) for one in found]
    if not sum(counts):
        return pa.array([[]] * len(requests), pa.list_(ids.type))
    rows = items.catalogue.rows(pa.concat_arrays([one.ids for one in found]))
    share = np.concatenate([one.importance / one.importance.sum() for one in found if len(one.ids)])
    distinct, which = np.unique(rows, return_inverse=True)
    hits = items.search_ids(items.catalogue.take(distinct), min(k, len(items) - 1))
    scores = hits.scores[which] * share[:, None]
    return summed(np.repeat(np.arange(len(requests)), counts), hits.rows[which], scores, requests, ids, k)


def _histories(requests: Requests) -> Iterator[NodeEvents]:
    """Yield the events of each user before the moment."""
    user = codes_among(flat_array(requests.past["user_id"]), requests.users)
    order = np.argsort(user, kind="stable")
    begin = np.searchsorted(user[order], np.arange(len(requests) + 1))
    every = _events(requests.past.take(pa.array(order)))
    for start, end in pairwise(begin.tolist()):
        yield NodeEvents(every.others[start:end], every.value[start:end], every.time[start:end])


def _events(labels: pa.Table) -> NodeEvents:
    """Return labels as events of users."""
    time = np.asarray(labels["timestamp"].cast(pa.int64()))
    return NodeEvents(flat_array(labels["item_id"]), np.asarray(labels["label"], np.float64), time)


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
    _check_older(users, requests)
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


def _lists_of_known(known: Bool, hits: Hits | None, items: RecallIndex) -> pa.ListArray:
    """[q] lists of the requests that are known, empty ones of the others."""
    counts = np.zeros(len(known), np.int64)
    found = pa.array([], items.catalogue.ids.type)
    if hits is not None:
        counts[known] = (hits.rows >= 0).sum(1)
        found = hits.lists().flatten()
    offsets = np.concatenate([[0], np.cumsum(counts)])
    return pa.ListArray.from_arrays(pa.array(offsets, pa.int32()), found)
