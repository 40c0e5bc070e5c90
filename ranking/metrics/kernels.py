"""Compiled loops of metrics over rows that are sorted by score, and the runs of equal scores in them."""

import numpy as np

from embedding_features.arrays import F32, F64, I64, AnyArray, Bool
from embedding_features.jit import jit


def run_starts(*keys: AnyArray) -> I64:
    """Return the bounds [runs + 1] of runs of rows that are equal in every key."""
    change = np.zeros(keys[0].size, bool)
    for key in keys:
        change[1:] |= key[1:] != key[:-1]
    return np.concatenate(([0], np.flatnonzero(change), [keys[0].size])).astype(np.int64)


@jit()
def auc_replicates(label: Bool, user: I64, starts: I64, weights: F64) -> F64:
    """Return the AUC [B] of each replicate: wins of positives over negatives, ties half, per pair.

    Args:
        label: [n] by ascending score.
        user: [n] user code of each row, likewise.
        starts: [runs + 1] bounds of runs of equal scores.
        weights: [users, B] how often each user counts in each replicate.
    """
    width = weights.shape[1]
    wins, positives, below = np.zeros(width), np.zeros(width), np.zeros(width)
    tied_positives, tied_negatives = np.zeros(width), np.zeros(width)
    for run in range(starts.size - 1):
        first, end = starts[run], starts[run + 1]
        if end - first == 1:  # the common case needs no tie bookkeeping
            row = weights[user[first]]
            if label[first]:
                for b in range(width):
                    wins[b] += row[b] * below[b]
                    positives[b] += row[b]
            else:
                for b in range(width):
                    below[b] += row[b]
            continue
        tied_positives[:] = 0.0
        tied_negatives[:] = 0.0
        for i in range(first, end):
            row = weights[user[i]]
            side = tied_positives if label[i] else tied_negatives
            for b in range(width):
                side[b] += row[b]
        for b in range(width):
            wins[b] += tied_positives[b] * (below[b] + 0.5 * tied_negatives[b])
            positives[b] += tied_positives[b]
            below[b] += tied_negatives[b]
    return wins / (positives * below)


@jit()
def user_auc(label: Bool, starts: I64, score: F32) -> F64:
    """Return the AUC [users] of each user, ties half; NaN where a user has one class.

    Args:
        label: [n] by user, then ascending score.
        starts: [users + 1] bounds of the users' rows.
        score: [n] in the same order.
    """
    result = np.full(starts.size - 1, np.nan)
    for u in range(starts.size - 1):
        wins, positives, below, i = 0.0, 0.0, 0.0, starts[u]
        while i < starts[u + 1]:
            tied_positives, tied_negatives, value = 0.0, 0.0, score[i]
            while i < starts[u + 1] and score[i] == value:
                if label[i]:
                    tied_positives += 1.0
                else:
                    tied_negatives += 1.0
                i += 1
            wins += tied_positives * (below + 0.5 * tied_negatives)
            positives += tied_positives
            below += tied_negatives
        if positives > 0 and below > 0:
            result[u] = wins / (positives * below)
    return result


@jit()
def user_ndcg(label: Bool, starts: I64, score: F32, k: int) -> F64:
    """Return the expected NDCG@k [users] of each user over random orders of ties; NaN without a positive.

    A run of g equal scores of which p are positive puts p/g of a gain on each of its positions (McSherry &
    Najork, ECIR 2008).

    Args:
        label: [n] by user, then ascending score, so that each user is read from the end.
        starts: [users + 1] bounds of the users' rows.
        score: [n] in the same order.
        k: positions that count.
    """
    result = np.full(starts.size - 1, np.nan)
    for u in range(starts.size - 1):
        first, i, rank, gain, positives = starts[u], starts[u + 1] - 1, 0, 0.0, 0
        while i >= first:
            size, tied_positives, value = 0, 0, score[i]
            while i >= first and score[i] == value:
                size += 1
                tied_positives += 1 if label[i] else 0
                i -= 1
            for position in range(rank, min(rank + size, k)):
                gain += tied_positives / size / np.log2(position + 2.0)
            rank += size
            positives += tied_positives
        if positives > 0:
            ideal = 0.0
            for position in range(min(positives, k)):
                ideal += 1.0 / np.log2(position + 2.0)
            result[u] = gain / ideal
    return result
