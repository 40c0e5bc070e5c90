"""The user's last positive items before each label, and their vectors of the snapshot the label may see."""

from collections.abc import Sequence
from datetime import datetime
from functools import cached_property

import numpy as np
import pyarrow as pa

from embedding_features.arrays import I64
from embedding_features.arrow import flat_array, mask
from embedding_features.errors import DataError, LeakError
from ranking.encoders.rows import PART_ROWS
from ranking.log_features.log import Log, as_micros
from ranking.task.task import Task

#: the raw column of histories
HISTORY_COLUMN = "user_history"


class Histories:
    """Finds the user's last items with label 1 that are strictly older than a label, newest first.

    Events of the label's own moment are left out, so that none tells of another's label; two of one earlier
    moment stand in the order of the log.

    Args:
        labels: as :func:`.load_labels` returns them, or the :class:`.Log` of them; they are the log as well.
        length: items kept of each history.
        moments: at which what the store answers may change: the snapshots' ``as_of``.
    """

    def __init__(self, labels: pa.Table | Log, length: int, moments: Sequence[datetime]) -> None:
        self.length = length
        self._log = log = Log.of(labels)
        # labels between two snapshots may see the same vectors: an interval
        self._interval = np.searchsorted(as_micros(moments), log.time, side="left").astype(np.int64)
        self._intervals = len(moments) + 1
        distinct, rank = np.unique(log.time, return_inverse=True)
        # ascending by user, then by time
        self._key = log.user * len(distinct) + rank
        self._first_key = log.user * len(distinct)
        positive = np.flatnonzero(log.label == 1)
        # a stable sort: the labels are in the order of the log
        self._event = positive[np.argsort(self._key[positive], kind="stable")]
        self._event_key = self._key[self._event]

    def entries(self, start: int, stop: int) -> tuple[I64, I64, I64]:
        """Return the histories of labels ``start`` to ``stop``, one behind another.

        Returns:
            [m + 1] offsets of the m histories, and [e] the label and the event of each entry, as rows of the
            log.
        """
        begin = np.searchsorted(self._event_key, self._first_key[start:stop], side="left")
        end = np.searchsorted(self._event_key, self._key[start:stop], side="left")
        count = np.minimum(end - begin, self.length)
        offsets = np.concatenate([[0], np.cumsum(count)]).astype(np.int64)
        label = np.repeat(np.arange(start, stop), count)
        back = np.arange(offsets[-1]) - np.repeat(offsets[:-1], count)
        return offsets, label, self._event[np.repeat(end, count) - 1 - back]

    def items(self, start: int, stop: int) -> pa.Array:
        """Return [m] the lists of item ids of labels ``start`` to ``stop``."""
        offsets, _, event = self.entries(start, stop)
        ids = self._log.items.take(pa.array(self._log.item[event]))
        return pa.ListArray.from_arrays(pa.array(offsets, pa.int32()), ids)

    @cached_property
    def pairs(self) -> I64:
        """Return [p] each pair of item and interval between snapshots that any history needs, ascending."""
        found = np.zeros(0, np.int64)
        for start in range(0, len(self._log), PART_ROWS):
            _, label, event = self.entries(start, min(start + PART_ROWS, len(self._log)))
            found = np.union1d(found, self._pair(label, event))
        return found

    def frame(self, task: Task) -> pa.Table:
        """Return what the store is asked with: the item and a moment of each of :attr:`pairs`.

        The answer is the same at every moment of an interval, so its first label's stands for all.
        """
        first = np.full(self._intervals, np.iinfo(np.int64).max)
        np.minimum.at(first, self._interval, self._log.time)
        times = pa.array(first[self.pairs % self._intervals], pa.timestamp("us", tz="UTC"))
        ids = self._log.items.take(pa.array(self.pairs // self._intervals))
        return pa.table({f"{task.item.node_type}_id": ids, "event_timestamp": times})

    def vectors(self, answer: pa.ChunkedArray) -> pa.DictionaryArray:
        """Return [p] the store's answer to :meth:`frame` as a dictionary of vectors.

        Raises:
            DataError: when it is of other rows.
            LeakError: when a vector is known to labels that no snapshot precedes.
        """
        column = flat_array(answer)
        if len(column) != len(self.pairs):
            raise DataError(
                f"{len(column)} vectors of histories beside {len(self.pairs)} pairs of item and snapshot",
                fix="ask the store with the frame of these histories",
            )
        known = mask(column.is_valid())
        if (known & (self.pairs % self._intervals == 0)).any():
            raise LeakError(
                "items of histories have vectors though no snapshot is older than the label",
                fix="name every snapshot's as_of, and join strictly older snapshots only",
            )
        index = pa.array((np.cumsum(known) - 1).astype(np.int32), mask=~known)
        return pa.DictionaryArray.from_arrays(index, column.drop_null())

    def lists(self, start: int, stop: int, vectors: pa.DictionaryArray) -> pa.Array:
        """Return [m] the lists of vectors beside :meth:`items`.

        Args:
            start: the first label.
            stop: the label after the last.
            vectors: as :meth:`vectors` returns them.
        """
        offsets, label, event = self.entries(start, stop)
        index = vectors.indices.take(pa.array(np.searchsorted(self.pairs, self._pair(label, event))))
        taken = pa.DictionaryArray.from_arrays(index, vectors.dictionary)
        return pa.ListArray.from_arrays(pa.array(offsets, pa.int32()), taken)

    def _pair(self, label: I64, event: I64) -> I64:
        """Return the number of each entry's pair: its event's item and its label's interval."""
        pair: I64 = self._log.item[event] * self._intervals + self._interval[label]
        return pair
