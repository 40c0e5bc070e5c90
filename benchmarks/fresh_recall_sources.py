"""Gives the recall benchmark's candidates: of fresh vectors, and of the log alone."""

from collections.abc import Sequence

import pyarrow as pa
import pyarrow.compute as pc

from benchmarks.fresh_recall_requests import Asked, newest_before
from embedding_features.artifact import Snapshot
from embedding_features.fresh import FreshSeries
from embedding_features.recall import RecallIndex
from ranking.modes import event_sources, log_sources
from ranking.modes.merge import Candidates, merge
from ranking.modes.recall import Indexes

#: of recall@K, and candidates a request
K = 20


class World:
    """Holds one family's snapshots, and gives candidates of any source.

    Args:
        snapshots: of the family.
        user: node type of the users.
        item: node type of the items.
    """

    def __init__(self, snapshots: Sequence[Snapshot], user: str, item: str) -> None:
        self.snapshots, series = snapshots, FreshSeries.read(snapshots, user)
        self._indexes = {
            one.manifest.as_of: Indexes(RecallIndex.build(one, user), RecallIndex.build(one, item), series)
            for one in snapshots
        }

    def fresh(self, asked: Asked, mean_user: float) -> Candidates:
        """Return the items nearest to the vector of the user's latest events."""
        requests = asked.requests
        indexes = self._indexes[newest_before(self.snapshots, requests.moment).manifest.as_of]
        assert indexes.fresh is not None
        depth = K if asked.among is None else len(indexes.items)
        found = event_sources.fresh_interest(
            requests, indexes.items, indexes.users, indexes.fresh, depth, mean_user=mean_user
        )
        return Candidates(_best_among(found, asked), {})


def popular(asked: Asked) -> Candidates:
    """Return the items with the most likes."""
    return Candidates(_best_among(log_sources.popular(asked.requests, _depth(asked)), asked), {})


def item_knn(asked: Asked) -> Candidates:
    """Return the items alike to the user's last likes; of a target each is compared, however far."""
    depth = _depth(asked)
    neighbours = {} if asked.among is None else {"neighbours": depth}
    found = log_sources.item_knn(asked.requests, depth, **neighbours)
    return Candidates(_best_among(found, asked), {})


def filled(asked: Asked, first: Candidates, then: Candidates) -> Candidates:
    """Return a source's list, filled up with another's."""
    lists = {"first": first.items, "then": then.items}
    return merge(lists, {"first": K, "then": 0}, K, asked.requests.seen)


def _depth(asked: Asked) -> int:
    """Return how long a list must be for K of those that may be found."""
    return K if asked.among is None else len(asked.requests.past["item_id"].unique())


def _best_among(lists: pa.ListArray, asked: Asked) -> pa.ListArray:
    """Return the list's best K of those that may be found."""
    if asked.among is None:
        return lists
    items = lists.flatten()
    best = items.filter(pc.is_in(items, value_set=asked.among))[:K]
    return pa.ListArray.from_arrays(pa.array([0, len(best)], pa.int32()), best)
