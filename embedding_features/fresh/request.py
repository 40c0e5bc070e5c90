"""One node at one moment as a walk: its events, and rows of those that figures are wanted of."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from embedding_features.arrays import F64, I64
from embedding_features.fresh.walk import Events, Walk, make_walk
from embedding_features.ids import RowsById


@dataclass(frozen=True)
class NodeEvents:
    """Holds the events of one node, in any order.

    Attributes:
        others: [k] ids of the other side's nodes.
        value: [k] what the node gave to each.
        time: [k] µs since 1970, UTC.
    """

    others: pa.Array
    value: F64
    time: I64


def request_walk(
    history: NodeEvents,
    asked: pa.Array,
    moment: int,
    *,
    own: Sequence[I64],
    others: Sequence[RowsById],
    moments: I64,
    last: int,
) -> Walk:
    """Arrange one request for kernels: k events, a row for each node asked of, and one row of nobody.

    The last row is there so that the node's own figures have a row where no other node is asked of.

    Args:
        history: [k] the events.
        asked: [m] ids of other nodes, of the type of the events'.
        moment: µs of the request.
        own: of each snapshot [1] the row of the node, -1 for one without.
        others: of each snapshot what finds the rows of other nodes.
        moments: [snapshots] µs, ``as_of`` of each, ascending.
        last: newest events that count.

    Raises:
        DataError: when a value is NaN or infinite.
    """
    encoded = pa.concat_arrays([history.others, asked]).dictionary_encode()
    k, n, codes = len(history.others), len(history.others) + len(asked) + 1, len(encoded.dictionary)
    time, value, wanted = np.full(n, moment), np.zeros(n), np.ones(n, np.bool_)
    time[:k], value[:k], wanted[:k] = history.time, history.value, False
    other = np.append(encoded.indices.to_numpy(), np.int64(codes))
    events = Events(np.zeros(n, np.int64), other, time, value, wanted, counted=~wanted)
    entry = [np.append(rows.find(encoded.dictionary), -1) for rows in others]
    return make_walk(events, moments, entry, own, last)
