"""The log sorted to answer what a user did with an item, or with its neighbours, before some moment."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from embedding_features.arrays import I64
from ranking.inputs.arrow import floats
from ranking.log_features.as_of_sums import in_millionths
from ranking.log_features.log import Log
from ranking.task.task import Side, other_side


@dataclass(frozen=True)
class EarlierEvents:
    """Holds a log sorted so that what a user did with an item, or with its neighbours, is found at once.

    The keys are the ids of the side whose neighbours are looked up. The events of the other side's id o are
    those from ``begin[o]`` to ``begin[o + 1]``, by key, then by time.

    Attributes:
        ids: the distinct keys.
        row_other: [n] code of the other side's id of each label, in the log's order.
        row_time: [n] µs of each label.
        begin: [others + 1] where the events of each of the other side's ids begin.
        key: [n] place in ``ids`` of each event's key; events are sorted, here and below.
        time: [n] µs.
        label: [n] 0 or 1.
        residual: [n] in millionths.
    """

    ids: pa.Array
    row_other: I64
    row_time: I64
    begin: I64
    key: I64
    time: I64
    label: I64
    residual: I64

    @classmethod
    def of(cls, log: Log, residual: pa.ChunkedArray, side: Side) -> "EarlierEvents":
        """Return the events of a log, for neighbours of one side's ids.

        Args:
            log: the labels.
            residual: [n] of the labels (:func:`.history_features`).
            side: whose neighbours they are for.
        """
        key, other = log.codes(side), log.codes(other_side(side))
        order = np.lexsort((log.time, key, other))
        if log.remembered is not None and side == "item":
            order = order[log.remembered[order]]
        begin = np.searchsorted(other[order], np.arange(len(log.ids(other_side(side))) + 1))
        events = (values[order] for values in (key, log.time, log.label, in_millionths(floats(residual))))
        return cls(log.ids(side), other, log.time, begin, *events)
