"""The prior of one side's vectors, whose mean attributes move and whose parameters are drawn as well."""

import numpy as np
import scipy.linalg

from embedding_features.arrays import F64
from embedding_features.graph.indicators import Indicators

#: worth of rows behind the prior mean of 0
_MEAN_ROWS = 2.0
#: prior variance of an entry
_VARIANCE = 0.05
#: prior precision of an attribute's effect, in units of an entry's
_EFFECT_RIDGE = 5.0


class Prior:
    """Draws the parameters of x_r ~ N(μ + βᵀ f_r, Λ^-1), with (μ, Λ) normal–Wishart and β matrix-normal.

    Salakhutdinov & Mnih (ICML 2008, eqs. 5–9 and 14); the link β to attributes f is Macau's (Simm et al.,
    MLSP 2017).

    Args:
        attributes: [rows, f] indicators; None for rows without attributes.
        dim: width of the vectors.
    """

    def __init__(self, attributes: Indicators, dim: int) -> None:
        self.attributes = attributes
        self.effects = np.zeros((0 if attributes is None else attributes.shape[1], dim))
        if attributes is not None:
            gram = (attributes.T @ attributes).toarray() + _EFFECT_RIDGE * np.eye(attributes.shape[1])
            self._root: F64 = scipy.linalg.cholesky(gram, lower=True)

    def draw(self, vectors: F64, rng: np.random.Generator) -> tuple[F64, F64]:
        """Draw means [rows, dim] and precision [dim, dim] of the prior given ``vectors`` [rows, dim]."""
        mean, precision = self._normal_wishart(vectors - self._shifts(), rng)
        if self.attributes is not None:
            self._draw_effects(self.attributes.T @ (vectors - mean), precision, rng)
        return np.broadcast_to(mean, vectors.shape) + self._shifts(), precision

    def _shifts(self) -> F64 | float:
        """Return [rows, dim] by how much the attributes of each row move its mean."""
        if self.attributes is None:
            return 0.0
        return np.asarray(self.attributes @ self.effects, np.float64)

    def _normal_wishart(self, centred: F64, rng: np.random.Generator) -> tuple[F64, F64]:
        """Draw μ [dim] and Λ [dim, dim] given the vectors less what their attributes account for."""
        rows, dim = centred.shape
        average, weight = centred.mean(axis=0), _MEAN_ROWS + rows
        deviation = centred - average
        scatter = (
            _VARIANCE * dim * np.eye(dim)
            + deviation.T @ deviation
            + _MEAN_ROWS * rows / weight * np.outer(average, average)
            + _EFFECT_RIDGE * self.effects.T @ self.effects
        )
        precision = wishart(dim + rows + len(self.effects), scatter, rng)
        root = scipy.linalg.cholesky(weight * precision, lower=True)
        noise = scipy.linalg.solve_triangular(root.T, rng.standard_normal((dim,)))
        return rows * average / weight + noise, precision

    def _draw_effects(self, summed: F64, precision: F64, rng: np.random.Generator) -> None:
        """Draw β given ``summed`` [f, dim], the deviations from μ summed over each attribute's rows."""
        fitted = scipy.linalg.cho_solve((self._root, True), summed)
        spread = scipy.linalg.cholesky(precision, lower=True)
        noise: F64 = rng.standard_normal(self.effects.shape)
        across: F64 = scipy.linalg.solve_triangular(spread.T, noise.T)
        self.effects = fitted + scipy.linalg.solve_triangular(self._root.T, across.T)


def wishart(freedom: int, scatter: F64, rng: np.random.Generator) -> F64:
    """Draw from W(scatter^-1, freedom), of mean freedom · scatter^-1, by Bartlett's decomposition."""
    dim = len(scatter)
    lower = np.tril(rng.standard_normal((dim, dim)), -1)
    lower[np.diag_indices(dim)] = np.sqrt(rng.chisquare(freedom - np.arange(dim)))
    root = scipy.linalg.solve_triangular(scipy.linalg.cholesky(scatter, lower=True).T, lower)
    drawn: F64 = root @ root.T
    return drawn
