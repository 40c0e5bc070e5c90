"""Folds in the node of every row of a log as of the row's own moment, walking each node's events once."""

from typing import NamedTuple

import numpy as np

from embedding_features.arrays import F32, F64, I64
from embedding_features.fresh.walk import Walk, first_kept
from embedding_features.jit import jit, piece, working_memory
from embedding_features.posterior import posterior_covariance, posterior_variance, solve_posterior_mean


class Models(NamedTuple):
    """Holds fold-in parameters of snapshots, end to end (:class:`.FoldInParameters` explains them).

    Attributes:
        first: [snapshots] where each one's rows of ``design`` begin.
        design: [r, D].
        scored: [r, D] what z is multiplied by for a score; [0, D] where no scores are wanted.
        covariance: [r, D, D] of ``design``, float32; [0, D, D] where it is exact.
        readout: [snapshots, D, dim] from z to the method's space.
        first_prior: [snapshots] where each one's rows of ``prior_mean`` begin.
        prior_mean: [p, D].
        first_own: [snapshots] where each one's rows of ``prior_rows`` begin.
        prior_rows: [q] row of ``prior_mean`` of each node, from ``first_prior``; empty: all 0.
        precision: [snapshots, D, D] of the priors.
        start: [snapshots, D] z of a node without events; NaN: its prior mean.
        noise: [snapshots].
        ridge: [snapshots].
        count_exponent: of all; likewise the rest.
    """

    first: I64
    design: F64
    scored: F64
    covariance: F32
    readout: F64
    first_prior: I64
    prior_mean: F64
    first_own: I64
    prior_rows: I64
    precision: F64
    start: F64
    noise: F64
    ridge: F64
    count_exponent: float
    known: int
    moments: bool
    values: bool
    weighted: bool


class FoldedRows(NamedTuple):
    """Holds what fold-in says of each row of a log, of earlier events alone.

    Rows that are not wanted are as those without a snapshot.

    Attributes:
        score: [n] what the row's node would give to the row's other node: a label, a rating, or the method's
            own score; NaN without a snapshot or where the other node has no vector.
        variance: [n] of the score; NaN likewise, and of a projection, which has none.
        vector: [n, dim] of the node, in the method's space; NaN without a snapshot.
        used: [n] number of events that it rests on, of several of one pair one where they do not add up; -1
            without a snapshot.
        skipped: [n] number of events whose other node has no vector; -1 without a snapshot.
        newest: [n] µs, time of the latest event whose other node has a vector; 0 where there is none.
    """

    score: F64
    variance: F64
    vector: F64
    used: I64
    skipped: I64
    newest: I64


@jit()
def fold_in_nodes(node: int, end: int, walk: Walk, models: Models, out: FoldedRows) -> None:
    """Set ``out`` for the rows of the nodes from ``node`` to before ``end``.

    A row sees its node's events that are strictly earlier. Rows between two snapshots share one sum, to which
    each event is added once, and from which it is taken again when it is no longer among the last.
    """
    dim, width = models.readout.shape[1:]
    size = dim * max(dim, width)
    memory = working_memory(8, size, models.design)
    moments = piece(memory, 0, size)[: dim * dim].reshape(dim, dim)
    root = piece(memory, 1, size)[: dim * dim].reshape(dim, dim)
    spread = piece(memory, 2, size)[: dim * dim].reshape(dim, dim)
    linear = piece(memory, 3, size)[:dim]
    column = piece(memory, 4, size)[:dim]
    mean = piece(memory, 5, size)[:dim]
    total = piece(memory, 6, size)[:dim]
    vector = piece(memory, 7, size)[:width]
    begin, seen, first, added, weight, used, skipped, newest, solved = 0, -1, 0, 0, 0.0, 0, 0, 0, False
    # one loop over the rows of all nodes: as a function of one node it would be compiled twice
    for asked in range(walk.asked_begin[node], walk.asked_begin[end]):
        while asked >= walk.asked_begin[node + 1]:
            node, seen = node + 1, -1
        row = walk.asked[asked]
        at = walk.snapshot[row]
        if at != seen:
            moments[:] = 0.0
            linear[:] = 0.0
            begin = walk.begin[node]
            seen, first, added, weight, used, skipped, newest, solved = at, begin, begin, 0.0, 0, 0, 0, False
        while added < walk.earlier[asked]:
            replaced = walk.previous[added]
            if not models.weighted and replaced >= first:
                lost = _add(walk, models, at, walk.order[replaced], -1.0, moments, linear)
                used, skipped, weight = used - (lost > 0), skipped - (lost < 0), weight - max(lost, 0.0)
            gained = _add(walk, models, at, walk.order[added], 1.0, moments, linear)
            used, skipped, weight = used + (gained > 0), skipped + (gained < 0), weight + max(gained, 0.0)
            if gained >= 0:
                newest = walk.time[walk.order[added]]
            added, solved = added + 1, False
        kept = first_kept(walk, begin, added)
        while first < kept:
            if models.weighted or walk.following[first] >= added:
                lost = _add(walk, models, at, walk.order[first], -1.0, moments, linear)
                used, skipped, weight = used - (lost > 0), skipped - (lost < 0), weight - max(lost, 0.0)
            first, solved = first + 1, False
        if not solved:
            root[:] = moments
            total[:] = linear
            _solve(node, at, weight, walk, models, root, total, column, mean)
            if len(models.scored) and len(models.covariance):
                posterior_covariance(root, models.known, column, spread)
            _read_out(mean, models.readout[at], vector)
            solved = True
        out.vector[row], out.used[row], out.skipped[row] = vector, used, skipped
        out.newest[row] = newest if first < added and newest >= walk.time[walk.order[first]] else 0
        entry = walk.entry[at, walk.other[row]]
        if entry >= 0 and len(models.scored):
            entry += models.first[at]
            scored, score = models.scored[entry], 0.0
            for a in range(dim):
                score += mean[a] * scored[a]
            out.score[row] = score
            if models.moments:
                out.variance[row] = posterior_variance(root, models.known, column, scored)
            if len(models.covariance):
                out.variance[row] += _spread(mean, spread, models.covariance[entry])


@jit()
def _add(walk: Walk, models: Models, at: int, event: int, sign: float, moments: F64, linear: F64) -> float:
    """Add an event to the sums, or take it from them.

    Returns:
        Its weight; 0 where it says nothing, -1 where its other node has no row.
    """
    entry = walk.entry[at, walk.other[event]]
    if entry < 0:
        return -1.0
    value, weight = walk.value[event], 1.0
    if not models.values:
        if value <= 0.0:
            return 0.0
        weight = value if models.weighted else 1.0
        value = 1.0
    entry += models.first[at]
    design = models.design[entry]
    for a in range(len(linear)):
        linear[a] += sign * weight * value * design[a]
        if models.moments:
            for b in range(a + 1):
                moments[a, b] += sign * weight * design[a] * design[b]
                if len(models.covariance):
                    moments[a, b] += sign * weight * models.covariance[entry, a, b]
    return weight


@jit()
def _solve(
    node: int, at: int, weight: float, walk: Walk, models: Models,
    root: F64, linear: F64, column: F64, mean: F64,
) -> None:  # fmt: skip
    """Set ``mean`` to z, and ``root`` to the Cholesky factor of its precision."""
    own, prior = walk.own[at, node], models.first_prior[at]
    if own >= 0 and len(models.prior_rows):
        prior += models.prior_rows[models.first_own[at] + own]
    noise = models.noise[at]
    for a in range(len(linear)):
        root[a, a] += models.ridge[at] * weight * noise
    solve_posterior_mean(
        root, linear, noise, models.precision[at], models.prior_mean[prior], models.known, column, mean
    )
    if weight == 0.0:
        if not np.isnan(models.start[at, 0]):
            mean[:] = models.start[at]
    elif models.count_exponent != 0.0:
        mean *= weight**models.count_exponent


@jit()
def _read_out(mean: F64, readout: F64, vector: F64) -> None:
    """Set ``vector`` to readoutᵀ z."""
    vector[:] = 0.0
    for a in range(len(mean)):
        for b in range(len(vector)):
            vector[b] += mean[a] * readout[a, b]


@jit()
def _spread(mean: F64, spread: F64, covariance: F32) -> float:
    """Return what the uncertainty of x adds to the variance of z · x: tr(cov x (z zᵀ + cov z))."""
    total = 0.0
    for a in range(len(mean)):
        for b in range(len(mean)):
            total += covariance[a, b] * (mean[a] * mean[b] + spread[a, b])
    return total
