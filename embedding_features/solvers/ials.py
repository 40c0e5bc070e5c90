"""Implicit alternating least squares."""

from pathlib import Path
from typing import ClassVar, Literal

import numpy as np
from pydantic import Field

from embedding_features.arrays import F32
from embedding_features.artifact.fold_in import FoldInParameters
from embedding_features.graph.csr import CSR
from embedding_features.graph.propagation import balanced_chunks
from embedding_features.graph.view import GraphView
from embedding_features.graph.weights import WeightUse, check_weights
from embedding_features.progress import SILENT, Progress
from embedding_features.solvers.base import Solution, Solver, Start
from embedding_features.solvers.conjugate_gradients import conjugate_gradients

#: conjugate-gradient steps by which a row is solved to float32's precision from where the sweeps left it
_STEPS_TO_THE_END = 32


class IALS(Solver):
    """Factorizes so that every known pair scores 1, and every pair, known or not, 0 with a small weight.

    minimise Σ_{known} w_ui (1 − ⟨x_u, y_i⟩)² + α Σ_{all} ⟨x_u, y_i⟩² + Σ_u λ_u |x_u|² + Σ_i λ_i |y_i|²,
    w the view's weight, λ_u = λ (Σ_i w_ui + α |items|), λ_i likewise: the loss of Hu, Koren & Volinsky (2008)
    with the regularization by frequency of Rendle, Krichene, Zhang & Koren (2022, eqs. 2 and 5, ν = 1).

    Sides are solved in turn, each row by a few steps of conjugate gradients from where it stands (Takács,
    Pilászy & Tikk 2011) instead of a factorization: d² per step and row, not d³.

    Attributes:
        dim: width of the vectors.
        unobserved_weight: α; larger ones pull unknown pairs harder to 0. It depends on the data.
        regularization: λ; it depends on the data as well.
        iterations: sweeps over both sides.
        cg_steps: conjugate-gradient steps for a row in a sweep.
    """

    weights: ClassVar[WeightUse] = "confidence"
    has_start: ClassVar[bool] = True
    kind: Literal["ials"] = "ials"
    dim: int = Field(default=64, ge=1)
    unobserved_weight: float = Field(default=0.1, gt=0)
    regularization: float = Field(default=0.01, gt=0)
    iterations: int = Field(default=16, ge=1)
    cg_steps: int = Field(default=3, ge=1)

    def fit(
        self,
        view: GraphView,
        *,
        seed: int = 0,
        progress: Progress = SILENT,
        start: Start | None = None,
        checkpoint: Path | None = None,  # noqa: ARG002
    ) -> Solution:
        """Compute the vectors; a node is folded in by the normal equations of its own row.

        Rows of nodes without edges are zero. With a start the items begin where they were.

        Raises:
            GraphError: when the view has a negative weight, or none above 0.
        """
        matrix = view.matrix()
        check_weights(matrix.name, matrix.forward.weights(), self.weights)
        rng = np.random.default_rng(seed)
        users = np.zeros((matrix.forward.rows, self.dim), np.float32)
        items = rng.standard_normal((matrix.reverse.rows, self.dim), dtype=np.float32) * np.float32(
            0.1 / self.dim**0.5
        )
        if start is not None:
            before = start.of[matrix.dst].vectors(self.dim)
            items = np.where(np.isfinite(before), before, items)
        items[matrix.reverse.degrees == 0] = 0
        with progress.task("als", self.iterations + 1) as advance:
            for _ in range(self.iterations):
                self._improve(matrix.forward, users, items)
                self._improve(matrix.reverse, items, users)
                advance()
            # so that a user's vector is what folding in the user's pairs gives
            self._improve(matrix.forward, users, items, _STEPS_TO_THE_END)
            advance()
        return Solution(
            {matrix.src: users, matrix.dst: items},
            fold_ins={
                matrix.src: self._fold_in(matrix.dst, matrix.forward, users, items),
                matrix.dst: self._fold_in(matrix.src, matrix.reverse, items, users),
            },
        )

    def _fold_in(self, other: str, matrix: CSR, x: F32, y: F32) -> FoldInParameters:
        """Return how a row is solved for: A = α YᵀY + λ (Σ w + α |others|) I + Σ w y yᵀ, b = Σ w y."""
        wide, alpha = y.astype(np.float64), self.unobserved_weight
        constant = self.regularization * alpha * _count_others(matrix)
        return FoldInParameters(
            other=other,
            design=y,
            prior_mean=np.zeros((1, self.dim)),
            prior_precision=alpha * (wide.T @ wide) + constant * np.eye(self.dim),
            readout=np.eye(self.dim),
            start=x[matrix.degrees > 0].mean(axis=0, dtype=np.float64),
            ridge=self.regularization,
            values=False,
        )

    def _improve(self, matrix: CSR, x: F32, y: F32, steps: int | None = None) -> None:
        """Move ``x`` [rows, dim] towards its least squares given ``y`` [columns, dim], in place."""
        weight = matrix.weights()
        alpha = self.unobserved_weight
        others = _count_others(matrix)
        degrees = np.bincount(matrix.sources(), weight, minlength=matrix.rows)
        ridge = (self.regularization * (degrees + alpha * others)).astype(np.float32)
        gram = (alpha * (y.T @ y)).astype(np.float32)
        bounds = balanced_chunks(matrix)
        conjugate_gradients(
            matrix.indptr, matrix.indices, weight, x, y, gram, ridge, steps or self.cg_steps, bounds
        )


def _count_others(matrix: CSR) -> int:
    """Return how many nodes of the other side have an edge."""
    return int(np.count_nonzero(np.bincount(matrix.indices, minlength=matrix.columns)))
