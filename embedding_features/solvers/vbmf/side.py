"""One side of a variational factorization: its posteriors, and the prior that is re-estimated from them."""

from dataclasses import dataclass

import numpy as np
import scipy.linalg
import scipy.sparse

from embedding_features.arrays import F64, I64, Bool
from embedding_features.graph.csr import CSR
from embedding_features.graph.propagation import balanced_chunks
from embedding_features.solvers.vbmf.posteriors import update_posteriors

#: least variance that a prior is given, so that no dimension's precision is without end
_LEAST_VARIANCE = 1e-6


@dataclass
class Side:
    """Holds the posteriors of one side's vectors and their prior.

    Attributes:
        matrix: edges from this side's rows to the other's.
        known: position of the 1 in this side's vectors; the other side's bias stands there.
        mean: [rows, D] posterior means.
        covariance: [rows, D, D].
        precision: [D] of the prior.
        prior_mean: [rows, D] of the prior, moved by attributes.
        attributes: [rows, f] indicators and a column of ones, or None.
        ridge: prior precision of an attribute's effect, in units of an entry's.
        bounds: chunks of rows of about equal work.
        seen: [rows] which rows have an edge.
        described: [rows] which rows have an edge or an attribute, and so a vector that means something.
    """

    matrix: CSR
    known: int
    mean: F64
    covariance: F64
    precision: F64
    prior_mean: F64
    attributes: scipy.sparse.csr_array | None
    ridge: float
    bounds: I64
    seen: Bool
    described: Bool

    @classmethod
    def start(
        cls, matrix: CSR, known: int, precision: F64, indicators: scipy.sparse.csr_array | None, ridge: float
    ) -> "Side":
        """Return a side whose vectors are 0 but for the known 1."""
        rows, dim = matrix.rows, len(precision)
        mean = np.zeros((rows, dim))
        mean[:, known] = 1
        attributes = None
        if indicators is not None:
            attributes = scipy.sparse.csr_array(
                scipy.sparse.hstack([indicators, scipy.sparse.csr_array(np.ones((rows, 1)))], format="csr")
            )
        return cls(
            matrix=matrix,
            known=known,
            mean=mean,
            covariance=np.zeros((rows, dim, dim)),
            precision=precision,
            prior_mean=mean.copy(),
            attributes=attributes,
            ridge=ridge,
            bounds=balanced_chunks(matrix),
            seen=matrix.degrees > 0,
            described=(matrix.degrees > 0)
            | (np.zeros(rows, bool) if indicators is None else np.diff(indicators.indptr) > 0),
        )

    def update(self, target: F64, other: "Side", noise: float) -> None:
        """Set the posteriors given the other side's; ``target`` [edges] is in this side's order."""
        update_posteriors(
            self.matrix.indptr,
            self.matrix.indices,
            target,
            other.mean,
            other.covariance,
            noise,
            np.diag(self.precision),
            self.prior_mean,
            self.known,
            self.bounds,
            self.mean,
            self.covariance,
        )

    def move_prior_mean(self) -> None:
        """Set the prior's means to a ridge regression of the posterior means on the rows' attributes."""
        if self.attributes is None:
            return
        described = self.attributes[np.flatnonzero(self.seen)]
        gram = (described.T @ described).toarray() + self.ridge * np.eye(described.shape[1])
        effects = scipy.linalg.solve(gram, described.T @ self.mean[self.seen], assume_a="pos")
        self.prior_mean = np.asarray(self.attributes @ effects)
        self.prior_mean[:, self.known] = 1

    def set_cold_to_prior(self) -> None:
        """Set the posteriors of rows without edges to their priors, as they are now."""
        cold = ~self.seen
        self.mean[cold] = self.prior_mean[cold]
        prior = np.diag(1 / self.precision)
        prior[self.known, self.known] = 0
        self.covariance[cold] = prior

    def variances(self) -> F64:
        """Return [D] expected squared deviations from the prior's mean, over rows with edges."""
        spread = (self.mean - self.prior_mean)[self.seen] ** 2
        own = np.einsum("ndd->nd", self.covariance[self.seen])
        variances: F64 = np.maximum(np.mean(spread + own, axis=0), _LEAST_VARIANCE)
        return variances
