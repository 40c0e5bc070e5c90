"""Neighbour lists turned into scores: item-kNN and user-kNN over what the log said before each label."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from embedding_features.arrays import F32, F64, I64, Bool
from embedding_features.arrow import flat_array, mask
from embedding_features.errors import DataError
from embedding_features.jit import jit
from ranking.inputs.arrow import Lists, floats
from ranking.log_features.as_of_sums import in_millionths
from ranking.log_features.earlier_events import EarlierEvents

#: neighbours' worth of trust in a residual of zero
PRIOR = 1.0

NEIGHBOUR_FEATURES = ("seen", "liked", "knn")


@dataclass(frozen=True)
class NeighbourLists:
    """Holds lists of neighbours, one behind another.

    Attributes:
        end: [l] where each list ends.
        code: [e] of the neighbours, a place in :attr:`EarlierEvents.ids`; -1 unknown there.
        weight: [e] in millionths.
    """

    end: I64
    code: I64
    weight: I64


def neighbour_scores(
    events: EarlierEvents, neighbours: pa.Array, scores: pa.Array, start: int = 0
) -> pa.Table:
    """Return how each label's user liked its item's neighbours before it, or its user's neighbours its item.

    A neighbour's weight w is its score over the row's best, at least 0. Over earlier events e of the label's
    user (item) with a neighbour: ``seen`` = log(1 + events), ``liked`` = Σ w y / Σ w (null where Σ w = 0),
    and ``knn`` = Σ w residual / (Σ w + 1), the neighbourhood model of Koren (Factorization meets the
    neighborhood, KDD 2008, equation 3) with given weights and shrinkage.

    Args:
        events: of the log, for neighbours of the side that the lists are of.
        neighbours: [m] lists of ids of that side, from a snapshot older than the row; null unknown.
        scores: [m] lists beside them, higher nearer.
        start: the label that the first list belongs to.

    Returns:
        ``seen``, ``liked``, ``knn`` as float32, a row a list; all null where there is none.

    Raises:
        DataError: when ids are of another type than the log's, or lists differ in length.
    """
    lists, beside = Lists.of(neighbours, "neighbours"), Lists.of(scores, "neighbours")
    if not np.array_equal(lists.length, beside.length):
        raise DataError(
            "lists of neighbours and of scores differ in length", fix="publish the snapshot again"
        )
    if lists.flat.type != events.ids.type and len(lists.flat):
        raise DataError(
            f"neighbours are {lists.flat.type}, the log's ids {events.ids.type}",
            fix="write both as integers, or both as strings",
        )
    code = pc.index_in(lists.flat.cast(events.ids.type), value_set=events.ids).fill_null(-1)
    weighted = NeighbourLists(
        np.cumsum(lists.length),
        np.asarray(code.to_numpy(zero_copy_only=False), np.int64),
        _weights(beside, floats(beside.flat)),
    )
    absent = mask(flat_array(neighbours).is_null())
    return list_scores(events, weighted, np.arange(len(lists.length)), absent, start)


def list_scores(
    events: EarlierEvents, lists: NeighbourLists, which: I64, absent: Bool, start: int
) -> pa.Table:
    """Return :func:`neighbour_scores` of lists that labels may share.

    Args:
        events: the log, sorted for neighbours of the lists' side.
        lists: neighbours and their weights.
        which: [m] the list of each label.
        absent: [m] whose list is unknown.
        start: the label that ``which`` begins with.
    """
    rows = slice(start, start + len(which))
    counted, weight, liked, residual = _sums(
        events.row_other[rows], events.row_time[rows], which, lists.end, lists.code, lists.weight,
        events.begin, events.key, events.time, events.label, events.residual,
    )  # fmt: skip
    knn = residual / 1e6 / (weight + PRIOR * 1e6)
    mean = liked / np.maximum(weight, 1)
    return pa.table(
        {
            "seen": pa.array(np.log(1 + counted).astype(np.float32), mask=absent),
            "liked": pa.array(mean.astype(np.float32), mask=absent | (weight == 0)),
            "knn": pa.array(knn.astype(np.float32), mask=absent),
        }
    )


def _weights(lists: Lists, scores: F32) -> I64:
    """Return [values] each score over its list's best, at least 0, in millionths; 0 for what is no number."""
    score: F64 = np.where(np.isfinite(scores), scores, 0).astype(np.float64)
    best = np.full(len(lists.length), 1e-30)
    some = lists.length > 0
    if some.any():
        starts = (np.cumsum(lists.length) - lists.length)[some]
        best[some] = np.maximum(np.maximum.reduceat(score, starts), 1e-30)
    return in_millionths(np.maximum(score / best[lists.row], 0))


@jit()
def _sums(
    row_other: I64, row_time: I64, which: I64, list_end: I64, code: I64, weight: I64,
    begin: I64, key: I64, time: I64, label: I64, residual: I64,
) -> tuple[I64, I64, I64, I64]:  # fmt: skip
    """Return [m] events, Σ w, Σ w y and Σ w r over earlier events with the neighbours of each row."""
    counted, total = np.zeros(row_other.size, np.int64), np.zeros(row_other.size, np.int64)
    liked, summed = np.zeros(row_other.size, np.int64), np.zeros(row_other.size, np.int64)
    for row in range(row_other.size):
        low, high = begin[row_other[row]], begin[row_other[row] + 1]
        own = which[row]
        for entry in range(list_end[own - 1] if own else 0, list_end[own]):
            if code[entry] < 0:
                continue
            event = low + np.searchsorted(key[low:high], code[entry])
            while event < high and key[event] == code[entry] and time[event] < row_time[row]:
                counted[row] += 1
                total[row] += weight[entry]
                liked[row] += weight[entry] * label[event]
                summed[row] += weight[entry] * residual[event]
                event += 1
    return counted, total, liked, summed
