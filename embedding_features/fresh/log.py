"""Fold-in over a log: each row's node as of just before the row, from the newest snapshot before it."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from embedding_features.arrays import F64, I64
from embedding_features.errors import DataError
from embedding_features.fresh.fold_in import FoldInModel
from embedding_features.fresh.log_kernel import fold_in_rows


@dataclass(frozen=True)
class Events:
    """Holds the rows of a log; every row is an event for the rows after it.

    Attributes:
        node: [n] code of the node that is folded in, from 0.
        other: [n] code of the other side's node, from 0.
        time: [n] µs since 1970, UTC.
        value: [n] what the node gave to the other: a label or a rating.
    """

    node: I64
    other: I64
    time: I64
    value: F64


@dataclass(frozen=True)
class FoldedLog:
    """Holds what fold-in says of each row, of earlier events alone.

    Attributes:
        score: [n] mean of the row's own value; NaN without a snapshot or where the other node has no vector.
        variance: [n] of that mean.
        vectors: [n, D] the node's vector; NaN without a snapshot.
        events: [n] number of events that it rests on; -1 without a snapshot.
        newest: [n] µs, time of the latest of them; 0 where there is none.
    """

    score: F64
    variance: F64
    vectors: F64
    events: I64
    newest: I64


def fold_in_log(
    events: Events, models: Sequence[FoldInModel], rows_of: Sequence[I64], moments: I64
) -> FoldedLog:
    """Fold in each row's node from its events strictly before the row.

    Args:
        events: the rows.
        models: one a snapshot, in the order of time; all of one dim.
        rows_of: of each model [codes] the row in its vectors of each other node, -1 for a node without one.
        moments: [snapshots] µs, ``as_of`` of each, ascending. A row sees the newest one strictly before it.

    Raises:
        DataError: when a value is not finite, or models differ in dim.
    """
    if not np.isfinite(events.value).all():
        raise DataError("values of events are NaN or infinite", fix="leave those events out")
    dims = {model.vectors.shape[1] for model in models}
    if len(dims) != 1 or len({model.known for model in models}) != 1:
        raise DataError(f"models of dims {sorted(dims)} do not go together", fix="fold in within one space")
    n, dim = len(events.time), dims.pop()
    order = np.lexsort((events.time, events.node))
    nodes = int(events.node.max()) + 1 if n else 0
    begin = np.searchsorted(events.node[order], np.arange(nodes + 1))
    first = np.concatenate([[0], np.cumsum([len(model.vectors) for model in models])])
    row_of = np.stack(
        [np.where(rows >= 0, rows + at, -1) for rows, at in zip(rows_of, first[:-1], strict=True)]
    )
    exact = models[0].covariance is None
    found = FoldedLog(
        score=np.full(n, np.nan),
        variance=np.full(n, np.nan),
        vectors=np.full((n, dim), np.nan),
        events=np.full(n, -1),
        newest=np.zeros(n, np.int64),
    )
    fold_in_rows(
        begin,
        order,
        events.other,
        events.time,
        events.value.astype(np.float64),
        np.searchsorted(moments, events.time, side="left") - 1,
        row_of,
        np.concatenate([model.vectors for model in models]),
        np.zeros((0, dim, dim)) if exact else np.concatenate([model.covariance for model in models]),
        np.array([model.level for model in models]),
        np.array([model.noise for model in models]),
        np.stack([model.prior_precision for model in models]),
        np.stack([model.prior_mean for model in models]),
        models[0].known,
        found.score,
        found.variance,
        found.vectors,
        found.events,
        found.newest,
    )
    return found
