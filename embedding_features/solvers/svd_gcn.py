"""Graph convolution in closed form: singular vectors weighted by their frequencies."""

from typing import Literal

import numpy as np
from pydantic import Field

from embedding_features.arrays import F32
from embedding_features.graph.propagation import spmm
from embedding_features.graph.view import GraphView
from embedding_features.progress import SILENT, Progress
from embedding_features.solvers.base import BipartiteSolver
from embedding_features.solvers.orthonormal import component_signs, pad_columns
from embedding_features.solvers.subspace import EXACT, RESOLUTION, exact_singular, randomized_singular


class SVDGCN(BipartiteSolver):
    """Weights the singular vectors of shifted, normalized interactions by an exponential of their values.

    R̃ = (D_u + α)^-½ R (D_i + α)^-½ ≈ U S Vᵀ;  user = U exp(a S),  item = V exp(a S): SVD-GCN-S (Peng,
    Sugiyama & Mine, CIKM 2022). The exponential is divided by that of the largest value, and U and V are
    multiplied by the roots of their numbers of rows, so that the vectors keep their size; ranks stay as they
    are.

    Attributes:
        dim: number of components kept.
        shift: α, added to every degree: it takes weight from nodes of few edges.
        exponent: a; larger ones trust the leading components more.
        iterations: subspace iterations after the first product.
    """

    kind: Literal["svd_gcn"] = "svd_gcn"
    dim: int = Field(default=64, ge=1)
    shift: float = Field(default=4.0, ge=0)
    exponent: float = Field(default=6.0, ge=0)
    iterations: int = Field(default=4, ge=0)

    def solve(self, view: GraphView, *, seed: int = 0, progress: Progress = SILENT) -> tuple[F32, F32]:
        """Compute the vectors; rows of nodes without edges are zero."""
        relation = view.matrix()
        users, items = relation.forward.degrees, relation.reverse.degrees
        matrix = relation.forward.scaled(
            1 / np.sqrt(np.maximum(users, 1) + self.shift), 1 / np.sqrt(np.maximum(items, 1) + self.shift)
        )
        active = np.count_nonzero(users), np.count_nonzero(items)
        with progress.task("svd_gcn", self.iterations + 2) as advance:
            if min(active) <= max(EXACT, self.dim):
                item, singular = exact_singular(matrix)
            else:
                item, singular = randomized_singular(matrix, self.dim, self.iterations, seed, advance)
            kept = int((singular[: self.dim] > RESOLUTION * singular[0]).sum())
            item, singular = item[:, :kept], singular[:kept]
            user = spmm(matrix, item)
            weight = np.exp(self.exponent * (singular - singular[0])) * component_signs(item)
            user *= (weight * active[0] ** 0.5 / singular).astype(np.float32)
            item = item * (weight * active[1] ** 0.5).astype(np.float32)
            advance()
        return pad_columns(user, self.dim), pad_columns(item, self.dim)
