"""Makes the requests of the recall benchmark: of users without a vector, and of users new to some items.

Each is of one user at a moment of their own; what is known at it is strictly earlier.
"""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from embedding_features.artifact import Snapshot
from embedding_features.errors import DataError
from embedding_features.sources.moment import to_microseconds
from ranking.modes.logged_requests import Span
from ranking.modes.requests import Requests, requests_at


class Asked(NamedTuple):
    """Holds one user's request.

    Attributes:
        requests: of that user alone.
        among: ids of the items that may be found; None: all.
    """

    requests: Requests
    among: pa.Array | None = None


def newest_before(snapshots: Sequence[Snapshot], moment: datetime) -> Snapshot:
    """Return the newest of some snapshots that is strictly older than a moment."""
    older = (one for one in snapshots if one.manifest.as_of < moment)
    return max(older, key=lambda one: one.manifest.as_of)


def of_unknown_users(
    labels: pa.Table, snapshots: Sequence[Snapshot], node_type: str, span: Span, days: float
) -> list[Asked]:
    """Return a request at the moment of each like of a user who has no vector in the newest older snapshot.

    What the user likes from then on is to be found, for some days and within the span.

    Args:
        labels: as :func:`.load_labels` returns them.
        snapshots: in which users are known.
        node_type: of the users there.
        span: of the likes.
        days: from a request to the last like that is to be found.
    """
    ids = {one.manifest.as_of: set(one.vectors(node_type).ids.to_pylist()) for one in snapshots}
    found = []
    for user, own in _by_user(labels, span):
        likes = _within(own.filter(pc.equal(own["label"], 1)), span)
        for moment in likes["timestamp"].unique().to_pylist():
            if user in ids[newest_before(snapshots, moment).manifest.as_of]:
                continue
            until = min(moment + timedelta(days=days), span[1])
            with suppress(DataError):  # nothing that is new
                found.append(Asked(replace(requests_at(own, moment, until), past=_before(labels, moment))))
    return found


def of_new_to(labels: pa.Table, target: pa.Array, span: Span) -> list[Asked]:
    """Return a request of each user who likes some of the target's items, as of the first met in the span.

    The user's own past in the target is withheld. Only items of the target that others met before are found.

    Args:
        labels: as :func:`.load_labels` returns them.
        target: ids of the target's items.
        span: in which the users meet them.
    """
    found = []
    of_target = labels.filter(pc.is_in(labels["item_id"], value_set=target))
    for user, own in _by_user(of_target, span):
        moment = pc.min(_within(own, span)["timestamp"]).as_py()
        past = _before(labels, moment)
        theirs = pc.and_(pc.equal(past["user_id"], user), pc.is_in(past["item_id"], value_set=target))
        past = past.filter(pc.invert(theirs))
        met = past["item_id"].unique()
        among = met.filter(pc.is_in(met, value_set=target))
        with suppress(DataError):  # no like of anything new
            found.append(Asked(replace(requests_at(own, moment, span[1]), past=past), among))
    return found


def _by_user(labels: pa.Table, span: Span) -> Iterator[tuple[int | str, pa.Table]]:
    """Yield each user of a span with all their rows."""
    for user in pc.unique(_within(labels, span)["user_id"]).sort().to_pylist():
        yield user, labels.filter(pc.equal(labels["user_id"], user))


def _within(labels: pa.Table, span: Span) -> pa.Table:
    """Return the rows of a span."""
    return _before(labels, span[1]).slice(len(_before(labels, span[0])))


def _before(labels: pa.Table, moment: datetime) -> pa.Table:
    """Return the rows strictly before a moment, of rows in the order of time."""
    time = np.asarray(labels["timestamp"].cast(pa.int64()))
    return labels.slice(0, int(np.searchsorted(time, to_microseconds(moment))))
