"""Fold-in: a node's vector by Bayesian regression of its events on the other side's vectors."""

from dataclasses import dataclass

import numpy as np

from embedding_features.arrays import F64, I64
from embedding_features.errors import DataError
from embedding_features.posterior import solve_posterior


@dataclass(frozen=True)
class FoldIn:
    """Holds one folded-in vector.

    Attributes:
        mean: [D] posterior mean, the node's vector.
        covariance: [D, D] of the posterior: how little is known.
        events: number of events used; 0 gives the prior.
        skipped: number of events whose node of the other side has no vector.
    """

    mean: F64
    covariance: F64
    events: int
    skipped: int


@dataclass(frozen=True)
class FoldInModel:
    """Folds nodes of one side into a snapshot, whose vectors of the other side stay as they are.

    A node's events are y_e ~ N(level + z · v_e, noise), with z ~ N(prior_mean, prior_precision^-1).

    Attributes:
        vectors: [n, D] means of the other side's vectors v.
        covariance: [n, D, D] how uncertain they are; None where they are taken as exact.
        noise: variance of y around the product.
        level: taken from y first.
        prior_mean: [D] of z.
        prior_precision: [D, D] of z.
        known: position of a number of z that is known to be 1; -1 where none is.
    """

    vectors: F64
    covariance: F64 | None
    noise: float
    level: float
    prior_mean: F64
    prior_precision: F64
    known: int = -1

    def fold_in(self, rows: I64, values: F64, prior_mean: F64 | None = None) -> FoldIn:
        """Return the vector of a node that has these events; their order does not matter.

        Args:
            rows: [e] row in ``vectors`` of each event's other node; -1 where it has no vector.
            values: [e] y of each event.
            prior_mean: [D] of this node, such as its attributes tell; None for the model's.

        Raises:
            DataError: when a value is not finite, or a row is not one of the vectors'.
        """
        self._check(rows, values)
        used = rows >= 0
        moments, linear = self._sums(rows[used], values[used] - self.level)
        dim = len(linear)
        mean, covariance = np.empty(dim), np.empty((dim, dim))
        start = self.prior_mean if prior_mean is None else prior_mean
        solve_posterior(
            root=moments,
            linear=linear,
            noise=self.noise,
            precision=self.prior_precision,
            prior_mean=start,
            known=self.known,
            column=np.empty(dim),
            mean=mean,
            covariance=covariance,
        )
        return FoldIn(mean, covariance, int(used.sum()), int((~used).sum()))

    def scores(self, folded: FoldIn, rows: I64) -> tuple[F64, F64]:
        """Return [c] mean and variance of what the node would give to nodes of the other side.

        Args:
            folded: the node.
            rows: [c] rows in ``vectors``; -1 gives NaN.
        """
        there = rows >= 0
        vectors = self.vectors[rows[there]]
        mean, variance = np.full(len(rows), np.nan), np.full(len(rows), np.nan)
        mean[there] = self.level + vectors @ folded.mean
        spread = np.einsum("cd,de,ce->c", vectors, folded.covariance, vectors)
        if self.covariance is not None:
            second = np.outer(folded.mean, folded.mean) + folded.covariance
            spread = spread + np.einsum("cde,de->c", self.covariance[rows[there]], second)
        variance[there] = spread
        return mean, variance

    def _sums(self, rows: I64, values: F64) -> tuple[F64, F64]:
        """Return [D, D] Σ E[v vᵀ] and [D] Σ y v."""
        vectors = self.vectors[rows]
        moments = vectors.T @ vectors
        if self.covariance is not None:
            moments = moments + self.covariance[rows].sum(axis=0)
        return np.ascontiguousarray(moments), values @ vectors

    def _check(self, rows: I64, values: F64) -> None:
        if not np.isfinite(values).all():
            raise DataError(
                f"{int((~np.isfinite(values)).sum())} of {len(values)} values of events are NaN or infinite",
                fix="leave those events out",
            )
        if len(rows) and (rows.min() < -1 or rows.max() >= len(self.vectors)):
            raise DataError(
                f"events of rows {rows.min()} to {rows.max()}, and there are {len(self.vectors)} vectors",
                fix="give rows of this snapshot's vectors, -1 for nodes without one",
            )
