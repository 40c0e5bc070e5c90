"""Who asks for recommendations at a moment, what was known then, and what they took to afterwards."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from embedding_features.arrays import I64
from embedding_features.arrow import flat_array
from embedding_features.errors import DataError

_MICROS = pa.timestamp("us", tz="UTC")


@dataclass(frozen=True)
class Requests:
    """Requests of one moment, one a user.

    Attributes:
        moment: of the requests; all that is known is strictly earlier.
        users: [q] ids of the users, ascending.
        seen: [q] lists of the items each met before the moment.
        wanted: [q] lists of the items to be found, none of them seen.
        past: the labels strictly before the moment, in the log's order.
    """

    moment: datetime
    users: pa.Array
    seen: pa.ListArray
    wanted: pa.ListArray
    past: pa.Table

    def __len__(self) -> int:
        return len(self.users)

    def liked(self, days: float | None = None) -> pa.Table:
        """Return the past's labels of 1, of the last ``days`` where given."""
        chosen = pc.equal(self.past["label"], 1)
        if days is not None:
            since = pa.scalar(self.moment - timedelta(days=days), _MICROS)
            chosen = pc.and_(chosen, pc.greater_equal(self.past["timestamp"], since))
        return self.past.filter(chosen)


def requests_at(labels: pa.Table, moment: datetime, until: datetime) -> Requests:
    """Return a request of each user who takes to something new (label 1) after a moment.

    Args:
        labels: as :func:`.load_labels` returns them.
        moment: of the requests; labels before it are known.
        until: labels from the moment to before this are to be found.

    Raises:
        DataError: when nobody does.
    """
    start, end = (pa.scalar(time, _MICROS) for time in (moment, until))
    time = labels["timestamp"]
    past = labels.filter(pc.less(time, start))
    ahead = pc.and_(pc.greater_equal(time, start), pc.less(time, end))
    after = labels.filter(pc.and_(ahead, pc.equal(labels["label"], 1)))
    users, items = (flat_array(labels[name]).unique().sort() for name in ("user_id", "item_id"))
    met, taken = (_keys(rows, users, items) for rows in (past, after))
    wanted = np.setdiff1d(taken, met)
    asking = np.unique(wanted // len(items)) if len(wanted) else np.zeros(0, np.int64)
    if not len(asking):
        raise DataError(
            f"nobody takes to an item that is new to them from {moment} to {until}", fix="take a longer time"
        )
    return Requests(
        moment,
        users.take(pa.array(asking)),
        _lists(met, asking, items),
        _lists(wanted, asking, items),
        past,
    )


def _keys(rows: pa.Table, users: pa.Array, items: pa.Array) -> I64:
    """Each distinct pair as user · items + item, ascending."""
    user, item = (
        np.asarray(pc.index_in(flat_array(rows[name]), value_set=ids).to_numpy(), np.int64)
        for name, ids in (("user_id", users), ("item_id", items))
    )
    keys: I64 = np.unique(user * len(items) + item)
    return keys


def _lists(keys: I64, asking: I64, items: pa.Array) -> pa.ListArray:
    """[asking] the items of each user's keys."""
    own = keys[np.isin(keys // len(items), asking)]
    offsets = np.append(np.searchsorted(own // len(items), asking), len(own))
    return pa.ListArray.from_arrays(pa.array(offsets, pa.int32()), items.take(pa.array(own % len(items))))
