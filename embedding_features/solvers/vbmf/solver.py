"""Variational matrix factorization with biases inside the vectors and priors moved by attributes."""

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Literal

import numpy as np
from pydantic import Field

from embedding_features.arrays import F64
from embedding_features.artifact.fold_in import FoldInParameters
from embedding_features.errors import CompatibilityError
from embedding_features.graph.indicators import attribute_indicators
from embedding_features.graph.view import GraphView
from embedding_features.graph.weights import WeightUse
from embedding_features.progress import SILENT, Progress
from embedding_features.solvers.base import Solution, Solver, Start
from embedding_features.solvers.vbmf.fold_in import fold_in_parameters, with_level
from embedding_features.solvers.vbmf.posteriors import expected_products
from embedding_features.solvers.vbmf.side import Side

#: positions of a vector: a user's is (1, b_u, p_u), an item's (c_i, 1, q_i)
_ITEM_BIAS, _USER_BIAS, _FACTORS = 0, 1, 2
#: prior variance of a bias before it is estimated
_BIAS_VARIANCE = 0.05
#: prior variance of an item's factor before it is estimated; a user's is 1 throughout, which fixes the scale
_FACTOR_VARIANCE = 0.1
#: sweeps before attributes move the prior's means: vectors that mean nothing yet would mislead them
_SWEEPS_WITHOUT_ATTRIBUTES = 3
#: the noise's variance is no less, also where every value is predicted exactly
_LEAST_NOISE = 1e-12


@dataclass(frozen=True)
class Posteriors:
    """Holds what was inferred: y_ui ~ N(level + u · v, noise).

    Attributes:
        users: posteriors of u = (1, b_u, p_u).
        items: posteriors of v = (c_i, 1, q_i).
        level: mean of the values.
        noise: variance of the values around the products.
    """

    users: Side
    items: Side
    level: float
    noise: float


class VBMF(Solver):
    """Infers Gaussian posteriors of y_ui ~ N(m + b_u + c_i + ⟨p_u, q_i⟩, σ²), users and items independent.

    Mean-field variational inference (Lim & Teh, Variational Bayesian Approach to Movie Rating Prediction,
    KDD Cup 2007; Raiko, Ilin & Karhunen, ECML 2007): a side's posteriors are computed in closed form from the
    second moments of the other's. Each dimension of the item factors has a prior variance of its own, which
    is re-estimated in every sweep (automatic relevance: a dimension that explains nothing fades), as have
    both biases and σ². Where the view has attributes, ridge maps of them are the priors' means.

    The vectors are (1, b_u, p_u) and (m + c_i, 1, q_i): their dot product is the mean of y.

    Attributes:
        dim: width of the vectors, 2 more than that of p and q.
        sweeps: updates of both sides.
        warm_sweeps: the same, when it starts from what an earlier graph gave.
        ridge: prior precision of an attribute's effect on a mean, in rows.
        min_attribute_nodes: an attribute of fewer nodes is left out.
    """

    weights: ClassVar[WeightUse] = "values"
    other_weights: ClassVar[WeightUse | None] = "ignored"
    has_start: ClassVar[bool] = True
    kind: Literal["vbmf"] = "vbmf"
    dim: int = Field(default=10, ge=2)
    sweeps: int = Field(default=25, ge=1)
    warm_sweeps: int = Field(default=8, ge=1)
    ridge: float = Field(default=10.0, gt=0)
    min_attribute_nodes: int = Field(default=5, ge=1)

    def fit(
        self,
        view: GraphView,
        *,
        seed: int = 0,
        progress: Progress = SILENT,
        start: Start | None = None,
        checkpoint: Path | None = None,  # noqa: ARG002
    ) -> Solution:
        """Compute the vectors; a node is folded in by its posterior given the other side's.

        A pair's weight is the value to be predicted: a rating, or 0 and 1. A node without edges that has
        attributes has its prior's vector.
        """
        found = self.infer(view, seed=seed, progress=progress, start=start)
        src, dst = view.matrix().src, view.matrix().dst
        users, items = found.users, with_level(found.items, found.level)
        return Solution(
            {src: users.mean.astype(np.float32), dst: items.mean.astype(np.float32)},
            known={src: users.described, dst: items.described},
            fold_ins={
                src: fold_in_parameters(dst, users, items, found.noise),
                dst: fold_in_parameters(src, items, users, found.noise),
            },
        )

    def infer(
        self,
        view: GraphView,
        *,
        seed: int = 0,
        progress: Progress = SILENT,
        start: Start | None = None,
    ) -> Posteriors:
        """Infer the posteriors of both sides.

        Args:
            view: its first relation is a matrix of values, the others join nodes with attributes.
            seed: of the start.
            progress: shows the sweeps.
            start: what was inferred on an earlier graph; a third of the sweeps is enough then.
        """
        edges = view.matrix().forward
        values = edges.weights().astype(np.float64)
        level = float(values.mean())
        target = values - level
        # a stable sort by destination is the order of the transpose: sources ascend within a destination
        by_item = target[np.argsort(edges.indices, kind="stable")]
        users, items = self._start(view, seed, level, start)
        noise = max(float(target.var()), _LEAST_NOISE) / 1.2
        if start is not None:
            noise = self._posteriors(start, view.matrix().src).noise
        sweeps, waiting = (
            (self.sweeps, _SWEEPS_WITHOUT_ATTRIBUTES) if start is None else (self.warm_sweeps, 0)
        )
        with progress.task("vbmf", sweeps) as advance:
            for sweep in range(sweeps):
                users.update(target, items, noise)
                if sweep >= waiting:
                    users.move_prior_mean()
                items.update(by_item, users, noise)
                if sweep >= waiting:
                    items.move_prior_mean()
                noise = self._estimate(users, items, target)
                advance()
        items.set_cold_to_prior()
        # so that a user's vector is what folding in the user's events gives
        users.update(target, items, noise)
        return Posteriors(users, items, level, noise)

    def _start(self, view: GraphView, seed: int, level: float, start: Start | None) -> tuple[Side, Side]:
        """Return both sides; the items' factors are what they were before, else small random numbers."""
        precision = np.ones(self.dim)
        precision[[_ITEM_BIAS, _USER_BIAS]] = 1 / _BIAS_VARIANCE
        of_items = precision.copy()
        of_items[_FACTORS:] = 1 / _FACTOR_VARIANCE
        matrix, attributes = view.matrix(), attribute_indicators(view, self.min_attribute_nodes)
        users = Side.start(matrix.forward, _ITEM_BIAS, precision, attributes[matrix.src], self.ridge)
        items = Side.start(matrix.reverse, _USER_BIAS, of_items, attributes[matrix.dst], self.ridge)
        drawn = np.random.default_rng(seed).standard_normal((matrix.reverse.rows, self.dim - _FACTORS))
        items.mean[:, _FACTORS:] = drawn * _FACTOR_VARIANCE**0.5
        if start is not None:
            # the fold-in of users holds the items in the solver's own coordinates, whatever the tables are in
            of_users, of_items_before = (self._posteriors(start, t) for t in (matrix.src, matrix.dst))
            rows = start.of[matrix.dst].rows
            before = rows >= 0
            items.mean[before] = of_users.design[rows[before]]
            items.mean[before, _ITEM_BIAS] -= level
            users.precision = np.diag(of_users.prior_precision).copy()
            items.precision = np.diag(of_items_before.prior_precision).copy()
        return users, items

    def _posteriors(self, start: Start, node_type: str) -> FoldInParameters:
        """Return what an earlier fit of this method says of a node type.

        Raises:
            CompatibilityError: when the earlier fit was of another method or dim.
        """
        found = start.of[node_type].fold_in
        if found is None or found.covariance is None or len(found.prior_precision) != self.dim:
            raise CompatibilityError(
                f"init has no posteriors of {node_type} of dim {self.dim}",
                fix="start from a fit of the same method and dim, or without init",
            )
        return found

    def _estimate(self, users: Side, items: Side, target: F64) -> float:
        """Set the priors' precisions to what the posteriors say, and return the noise's variance."""
        of_users, of_items = users.variances(), items.variances()
        users.precision[_USER_BIAS] = 1 / of_users[_USER_BIAS]
        items.precision[_ITEM_BIAS] = 1 / of_items[_ITEM_BIAS]
        items.precision[_FACTORS:] = 1 / of_items[_FACTORS:]
        moments = np.empty((len(target), 2))
        matrix = users.matrix
        expected_products(
            matrix.indptr,
            matrix.indices,
            users.mean,
            users.covariance,
            items.mean,
            items.covariance,
            users.bounds,
            moments,
        )
        return max(float(np.mean(target**2 - 2 * target * moments[:, 0] + moments[:, 1])), _LEAST_NOISE)
