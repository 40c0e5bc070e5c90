"""How nodes are folded in by regression on a table of vectors, whatever method the vectors are of."""

from dataclasses import dataclass

import numpy as np

from embedding_features.arrays import F32, F64, I64, AnyArray
from embedding_features.artifact.fold_in import FoldInParameters
from embedding_features.fresh.tables import directions

#: a prior covariance gets this share of its mean variance on the diagonal, so that it can be inverted
_JITTER = 1e-3
#: variances are no less than this share of the values' own
_LEAST = 1e-3
#: positions of z = (1, b, w) and of x = (level of the node, 1, its direction)
_LEVEL, _BIAS, _DIRECTION = 0, 1, 2


@dataclass(frozen=True)
class Spread:
    """Holds how values vary within and between groups (one-way analysis of variance, random effects).

    Attributes:
        within: variance of a value around its group's mean.
        between: variance of the groups' means beyond what ``within`` makes of it.
    """

    within: float
    between: float


def spread(group: I64, value: F64) -> Spread:
    """Estimate how values vary within and between groups (Searle, Casella & McCulloch, 1992, section 3.6).

    Args:
        group: [e] code of each value's group.
        value: [e].
    """
    least = max(_LEAST * float(value.var()), np.finfo(np.float64).tiny)
    count = np.bincount(group).astype(np.float64)
    mean = np.bincount(group, value) / np.maximum(count, 1)
    groups, total = int((count > 0).sum()), len(value)
    if groups < 2 or total <= groups:
        return Spread(max(float(value.var()), least), least)
    within = float(np.sum((value - mean[group]) ** 2) / (total - groups))
    size = (total - np.sum(count**2) / total) / (groups - 1)
    of_means = float(np.sum(count * (mean - value.mean()) ** 2) / (groups - 1))
    return Spread(max(within, least), max((of_means - within) / size, least))


def regress_values(
    other: str, vectors: F32, own: F32, node: I64, entry: I64, value: AnyArray
) -> FoldInParameters:
    """Return how values (labels, ratings) are regressed on the directions of the other side's vectors.

    y = c_i + b_u + w_u · v̂_i + error, v̂_i the unit vector of i, c_i its mean value as far as its events tell
    (shrunk to the mean of all), w_u ~ N(0, covariance of the unit vectors of this side). The variances of
    b_u, c_i and the error are estimated from the values, so nothing is left to be tuned.

    Args:
        other: node type of the other side.
        vectors: [m, d] its table.
        own: [n, d] this side's table.
        node: [e] code of the node of this side of each known value.
        entry: [e] row in ``vectors`` of its other node; -1 where that has none.
        value: [e] the values.
    """
    there = entry >= 0
    node, entry, value = node[there], entry[there], np.asarray(value[there], np.float64)
    level = _levels(entry, value, len(vectors))
    left = value - level[entry]
    of_nodes = spread(node, left)
    dim = vectors.shape[1]
    precision = np.zeros((dim + _DIRECTION, dim + _DIRECTION))
    precision[_LEVEL, _LEVEL], precision[_BIAS, _BIAS] = 1.0, 1 / of_nodes.between
    precision[_DIRECTION:, _DIRECTION:] = _precision(directions(own))
    design = np.concatenate([level[:, None], np.ones((len(vectors), 1)), directions(vectors)], axis=1)
    prior = np.zeros((1, dim + _DIRECTION))
    prior[0, _LEVEL], prior[0, _BIAS] = 1.0, left.mean()
    return FoldInParameters(
        other=other,
        design=design.astype(np.float32),
        prior_mean=prior,
        prior_precision=precision,
        readout=np.concatenate([np.zeros((_DIRECTION, dim)), np.eye(dim)]),
        noise=of_nodes.within,
        known=_LEVEL,
    )


def learned_of_values(regression: FoldInParameters) -> F64:
    """Return [m + 3] what a regression of values has from the values themselves, whatever the vectors are.

    These are the mean value of each node of the other side, mean and precision of b_u, and the error.

    Args:
        regression: of :func:`regress_values`; a rotation of the vectors changes nothing here.
    """
    of_nodes = regression.prior_mean[0, _BIAS], regression.prior_precision[_BIAS, _BIAS], regression.noise
    return np.concatenate([regression.design[:, _LEVEL], of_nodes])


def regress_likes(other: str, vectors: F32, own: F32, unobserved_weight: float = 0.1) -> FoldInParameters:
    """Return how likes are regressed on the other side's vectors, for methods that have no fold-in of theirs.

    minimise Σ_{liked} (1 − z · v_i)² + α Σ_{all} (z · v_i)² with z ~ N(mean and covariance of this side's
    vectors): the least squares of implicit ALS (Hu, Koren & Volinsky, ICDM 2008) for one row.

    Args:
        other: node type of the other side.
        vectors: [m, d] its table.
        own: [n, d] this side's table.
        unobserved_weight: α.
    """
    wide, mean = vectors.astype(np.float64), own.mean(axis=0, dtype=np.float64)
    prior = _precision(own.astype(np.float64))
    precision = prior + unobserved_weight * (wide.T @ wide)
    return FoldInParameters(
        other=other,
        design=vectors,
        prior_mean=np.linalg.solve(precision, prior @ mean)[None],
        prior_precision=precision,
        readout=np.eye(vectors.shape[1]),
        start=mean,
        values=False,
    )


def _levels(entry: I64, value: F64, nodes: int) -> F64:
    """Return [nodes] mean values, shrunk to the mean of all by how much a node's own can be trusted."""
    of_others = spread(entry, value)
    count = np.bincount(entry, minlength=nodes)
    total = np.bincount(entry, value - value.mean(), minlength=nodes)
    levels: F64 = value.mean() + total / (count + of_others.within / of_others.between)
    return levels


def _precision(vectors: F64) -> F64:
    """Return the inverse of the vectors' covariance, made invertible."""
    centred = vectors - vectors.mean(axis=0)
    covariance = centred.T @ centred / max(len(vectors) - 1, 1)
    mean_variance = max(float(np.trace(covariance)) / len(covariance), float(np.finfo(np.float32).tiny))
    precision: F64 = np.linalg.inv(covariance + _JITTER * mean_variance * np.eye(len(covariance)))
    return precision
