"""Candidates from vectors made of users' latest events: each source gives every request unseen items.

Lists are best first, and users that no snapshot knows have them as well.
"""

from collections.abc import Iterator
from itertools import pairwise

import numpy as np
import pyarrow as pa

from embedding_features.arrays import Bool
from embedding_features.arrow import flat_array
from embedding_features.fresh import FreshSeries, NodeEvents, find_medoids
from embedding_features.fresh.queries import MEAN_WEIGHT, QUERY_EVENTS, query_vectors
from embedding_features.recall import Queries, RecallIndex
from embedding_features.sources.moment import to_microseconds
from ranking.modes.index_sources import check_older, nearest_unseen
from ranking.modes.lists import codes_among, summed
from ranking.modes.requests import Requests


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
        check_older(index, requests)
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
    return nearest_unseen(requests, items, known, queries, k)


def medoids(requests: Requests, items: RecallIndex, series: FreshSeries, k: int) -> pa.ListArray:
    """Return the items nearest to the medoids of the users' likes before the moment, merged for each user.

    An item's score is the sum of its scores over the medoids, each weighted by its share of importance: the
    mean of what PinnerSage draws (Pal et al., KDD 2020, section 5). A user without likes gets none.

    Raises:
        LeakError: when the index is not older than the requests.
        ConfigError: when the series has not the recipe ``medoids``.
    """
    check_older(items, requests)
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
