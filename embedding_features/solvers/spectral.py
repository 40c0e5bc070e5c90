"""Truncated singular value decomposition of a degree-scaled interaction matrix."""

from pathlib import Path
from typing import ClassVar, Literal

import numpy as np
from pydantic import Field

from embedding_features.arrays import F32, F64
from embedding_features.artifact.fold_in import FoldInParameters
from embedding_features.graph.csr import CSR
from embedding_features.graph.propagation import spmm
from embedding_features.graph.view import GraphView
from embedding_features.graph.weights import WeightUse, check_weights
from embedding_features.progress import SILENT, Progress
from embedding_features.solvers.base import Solution, Solver, Start
from embedding_features.solvers.orthonormal import component_signs, pad_columns
from embedding_features.solvers.subspace import EXACT, RESOLUTION, exact_singular, randomized_singular


class Spectral(Solver):
    """Decomposes the degree-scaled matrix of interactions.

    M = D_u^-½ R D_i^-b ≈ U S Vᵀ;  user = U S^p,  item = D_i^b V.

    R is the view's matrix, D_u and D_i its row and column sums (the latter over their mean), S scaled by its
    largest value, U and V by the roots of their numbers of rows, so that the vectors keep their size when the
    graph grows. Scores ⟨user, item⟩ with p = 1 are the reconstruction of D_u^-½ R by rank ``dim``: b decides
    in which weighting of items it is best.

    The decomposition is randomized subspace iteration on the item side (Halko, Martinsson & Tropp 2011,
    algorithms 4.4 and 5.1) in float32 with Cholesky QR; where a side is small it is exact. Each component's
    largest item entry is positive. Where ``dim`` exceeds the rank the further components are zero.
    The same seed gives the same vectors on the same machine; another number of threads or another BLAS may
    change roundings.

    Attributes:
        dim: number of components kept.
        item_exponent: b; 0 leaves popular items their weight, ½ is the symmetric normalization.
        spectrum_exponent: p; larger ones trust the leading components more.
        iterations: subspace iterations after the first product.
        oversampling: extra components carried along and dropped at the end.
    """

    weights: ClassVar[WeightUse] = "confidence"
    kind: Literal["spectral"] = "spectral"
    dim: int = Field(default=64, ge=1)
    item_exponent: float = Field(default=0.4, ge=0, le=1)
    spectrum_exponent: float = Field(default=1.0, ge=0)
    iterations: int = Field(default=3, ge=0)
    oversampling: int = Field(default=0, ge=0)

    def fit(
        self,
        view: GraphView,
        *,
        seed: int = 0,
        progress: Progress = SILENT,
        start: Start | None = None,
        checkpoint: Path | None = None,  # noqa: ARG002
    ) -> Solution:
        """Compute the vectors; nodes are folded in by projection of their row or column of M.

        Rows of nodes without edges are zero.

        Raises:
            GraphError: when the view has a negative weight, or none above zero.
        """
        del start  # the decomposition is the same from anywhere
        relation = view.matrix()
        check_weights(relation.name, relation.forward.weights(), self.weights)
        matrix, user_scale, item_scale = self._scaled(relation.forward)
        active = np.count_nonzero(matrix.degrees), np.count_nonzero(relation.reverse.degrees)
        width = self.dim + self.oversampling
        with progress.task("spectral", self.iterations + 2) as advance:
            if min(active) <= max(EXACT, width):
                item, singular = exact_singular(matrix)
            else:
                item, singular = randomized_singular(matrix, width, self.iterations, seed, advance)
            kept = int((singular[: self.dim] > RESOLUTION * singular[0]).sum())
            item, singular = item[:, :kept], singular[:kept]
            scale = (singular / singular[0]) ** self.spectrum_exponent / singular * active[0] ** 0.5
            user = spmm(matrix, item)
            item *= (item_scale * active[1] ** 0.5).astype(np.float32)[:, None]
            sign = component_signs(item)
            user *= (scale * sign).astype(np.float32)
            item *= sign
            advance()
        # user = D_u^-½ R · of_items, item = Rᵀ · of_users: what a node's edges add up to
        root = active[1] ** 0.5
        with np.errstate(divide="ignore", invalid="ignore"):
            of_items = np.where(item_scale[:, None] > 0, item * scale / (item_scale[:, None] ** 2 * root), 0)
        of_users = user_scale[:, None] * user * (root / (scale * singular**2))
        users, items = pad_columns(user, self.dim), pad_columns(item, self.dim)
        return Solution(
            {relation.src: users, relation.dst: items},
            fold_ins={
                relation.src: self._fold_in(relation.dst, of_items, users[matrix.degrees > 0], -0.5),
                relation.dst: self._fold_in(relation.src, of_users, items[item_scale > 0], 0.0),
            },
        )

    def _fold_in(self, other: str, design: F64, own: F32, count_exponent: float) -> FoldInParameters:
        padded = pad_columns(design.astype(np.float32), self.dim)
        return FoldInParameters.projection(other, padded, own, count_exponent)

    def _scaled(self, forward: CSR) -> tuple[CSR, F64, F64]:
        """Return M, [users] D_u^-½, and [items] D_i^b with D_i over its mean; 0 for nodes without edges."""
        weight = forward.weights()
        sources = forward.sources()
        users = np.asarray(np.bincount(sources, weight, minlength=forward.rows), np.float64)
        items = np.asarray(np.bincount(forward.indices, weight, minlength=forward.columns), np.float64)
        items /= items[items > 0].mean()
        with np.errstate(divide="ignore"):
            user_scale = np.where(users > 0, users**-0.5, 0)
            item_scale = np.where(items > 0, items**-self.item_exponent, 0)
        scaled = (weight * user_scale[sources] * item_scale[forward.indices]).astype(np.float32)
        matrix = CSR(forward.indptr, forward.indices, forward.columns, scaled)
        return matrix, user_scale, np.where(items > 0, items**self.item_exponent, 0)
