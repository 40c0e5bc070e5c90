"""The log as arrays: a task's labels with codes in place of ids, made once for everything counted from it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import pyarrow as pa

from embedding_features.arrays import I64, Bool
from embedding_features.arrow import flat_array
from ranking.task.task import Side


@dataclass(frozen=True)
class Log:
    """Holds a task's labels, which are its log as well, with a code for each id.

    Attributes:
        labels: the table of :func:`.load_labels`.
        users: the distinct user ids, in the order in which they first occur; likewise ``items``.
        user: [n] place of each label's user in ``users``; likewise ``item``.
        time: [n] µs since 1970, UTC.
        label: [n] 0 or 1.
        remembered: [n] which labels their user's own history has; None: all. Of a surface that is new to a
            user it has none, though its items' histories have them.
    """

    labels: pa.Table
    users: pa.Array
    items: pa.Array
    user: I64
    item: I64
    time: I64
    label: I64
    remembered: Bool | None = None

    @classmethod
    def of(cls, labels: "pa.Table | Log") -> "Log":
        """Return the log of a table of labels; a log is returned as it is."""
        if isinstance(labels, Log):
            return labels
        users, items = (flat_array(labels[name]).dictionary_encode() for name in ("user_id", "item_id"))
        return cls(
            labels,
            users.dictionary,
            items.dictionary,
            np.asarray(users.indices.to_numpy(), np.int64),
            np.asarray(items.indices.to_numpy(), np.int64),
            np.asarray(labels["timestamp"].cast(pa.int64()).to_numpy(), np.int64),
            np.asarray(labels["label"].to_numpy(), np.int64),
        )

    def __len__(self) -> int:
        return len(self.time)

    def ids(self, side: Side) -> pa.Array:
        """Return the distinct ids of a side."""
        return self.users if side == "user" else self.items

    def codes(self, side: Side) -> I64:
        """Return [n] the code of each label's user or item."""
        return self.user if side == "user" else self.item


def as_micros(moments: Sequence[datetime]) -> I64:
    """Return moments as ascending µs since 1970, UTC."""
    return np.sort([pa.scalar(m, pa.timestamp("us", tz="UTC")).value for m in moments]).astype(np.int64)
