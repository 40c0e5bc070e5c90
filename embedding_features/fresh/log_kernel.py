"""Folds in the node of every row of a log as of the row's own moment, walking each node's events once."""

import numba

from embedding_features.arrays import F64, I64
from embedding_features.jit import jit, piece, working_memory
from embedding_features.posterior import solve_posterior


@jit(parallel=True)
def fold_in_rows(
    begin: I64,
    order: I64,
    other: I64,
    time: I64,
    value: F64,
    snapshot: I64,
    row_of: I64,
    vectors: F64,
    covariance: F64,
    level: F64,
    noise: F64,
    precision: F64,
    prior_mean: F64,
    known: int,
    score: F64,
    variance: F64,
    vector: F64,
    used: I64,
    newest: I64,
) -> None:
    """Set what each row's node is, and would give to the row's own other node, as of just before the row.

    A row sees the events of its node that are strictly earlier, in the vectors of its own snapshot. Rows of
    one node between two snapshots share one sum, to which each event is added once.

    Args:
        begin: [nodes + 1] rows of each node in ``order``.
        order: [n] rows by node, then time.
        other: [n] code of each row's other node.
        time: [n] µs.
        value: [n] y of each row, as an event.
        snapshot: [n] snapshot that a row may see; -1 where there is none, which leaves all outputs alone.
        row_of: [snapshots, codes] row in ``vectors`` of each other node; -1 without one.
        vectors: [r, D] of all snapshots.
        covariance: [r, D, D] of the vectors; [0, D, D] where they are exact.
        level: [snapshots] taken from values.
        noise: [snapshots] variance of values around products.
        precision: [snapshots, D, D] of the prior.
        prior_mean: [snapshots, D] of the prior.
        known: position of the number that is known to be 1; -1 for none.
        score: [n] mean of the row's own y; left alone where the row's other node has no vector.
        variance: [n] of that mean.
        vector: [n, D] the node's vector.
        used: [n] number of events that it rests on.
        newest: [n] time of the latest of them.
    """
    dim = vectors.shape[1]
    for node in numba.prange(len(begin) - 1):
        memory = working_memory(6, dim * dim, vectors)
        moments = piece(memory, 0, dim * dim).reshape(dim, dim)
        root = piece(memory, 1, dim * dim).reshape(dim, dim)
        spread = piece(memory, 2, dim * dim).reshape(dim, dim)
        linear = piece(memory, 3, dim * dim)[:dim]
        column = piece(memory, 4, dim * dim)[: 2 * dim]
        mean = piece(memory, 5, dim * dim)[:dim]
        seen, added, count, latest, solved = -1, begin[node], 0, 0, False
        for place in range(begin[node], begin[node + 1]):
            row = order[place]
            at = snapshot[row]
            if at < 0:
                continue
            if at != seen:
                moments[:] = 0.0
                linear[:] = 0.0
                seen, added, count, latest, solved = at, begin[node], 0, 0, False
            while added < place and time[order[added]] < time[row]:
                event = order[added]
                entry = row_of[at, other[event]]
                if entry >= 0:
                    _add(moments, linear, vectors[entry], value[event] - level[at])
                    if len(covariance):
                        moments += covariance[entry]
                    count, latest, solved = count + 1, time[event], False
                added += 1
            if not solved:
                root[:] = moments
                column[dim:] = linear
                solve_posterior(
                    root,
                    column[dim:],
                    noise[at],
                    precision[at],
                    prior_mean[at],
                    known,
                    column[:dim],
                    mean,
                    spread,
                )
                solved = True
            vector[row], used[row], newest[row] = mean, count, latest
            entry = row_of[at, other[row]]
            if entry >= 0:
                score[row], variance[row] = _score(mean, spread, vectors[entry], covariance, entry)
                score[row] += level[at]


@jit()
def _add(moments: F64, linear: F64, vector: F64, value: float) -> None:
    """Add an event to the sums."""
    for a in range(len(linear)):
        linear[a] += value * vector[a]
        for b in range(len(linear)):
            moments[a, b] += vector[a] * vector[b]


@jit()
def _score(mean: F64, spread: F64, vector: F64, covariance: F64, entry: int) -> tuple[float, float]:
    """Return mean and variance of the product of two independent normal vectors."""
    first, second = 0.0, 0.0
    for a in range(len(mean)):
        first += mean[a] * vector[a]
        for b in range(len(mean)):
            second += vector[a] * vector[b] * spread[a, b]
            if len(covariance):
                second += covariance[entry, a, b] * (mean[a] * mean[b] + spread[a, b])
    return first, second
