"""Vectors whose products are the scores of weights between items, as near as their rank allows."""

from pathlib import Path
from typing import Literal

import numpy as np
from pydantic import Field, SerializeAsAny

from embedding_features.arrays import F32
from embedding_features.artifact.fold_in import FoldInParameters
from embedding_features.evaluate.baselines.base import ItemBaseline, ItemModel
from embedding_features.graph.csr import CSR
from embedding_features.graph.propagation import spmm
from embedding_features.graph.view import GraphView
from embedding_features.progress import SILENT, Advance, Progress
from embedding_features.solvers.base import Solution, Solver, Start
from embedding_features.solvers.orthonormal import (
    component_signs,
    descending_roots,
    gram,
    orthonormalize,
    pad_columns,
    product,
)
from embedding_features.solvers.subspace import EXACT


class ItemWeights(Solver):
    """Factorizes the scores X B of a baseline's item weights B.

    X B ≈ X B V Vᵀ with V the leading right singular vectors of X B;  user = X U with U = B V,  item = V.

    No other vectors of that rank come nearer to the scores (Eckart & Young 1936). V is found by randomized
    subspace iteration (Halko, Martinsson & Tropp, SIAM Review 2011, algorithm 4.4), of few items exactly:
    then ``dim`` of their number gives the scores themselves. Each component's largest item entry is positive.

    Attributes:
        dim: number of components kept.
        baseline: what learns B.
        iterations: subspace iterations after the first product.
    """

    kind: Literal["item_weights"] = "item_weights"
    dim: int = Field(default=64, ge=1)
    baseline: SerializeAsAny[ItemBaseline]
    iterations: int = Field(default=4, ge=0)

    def fit(
        self,
        view: GraphView,
        *,
        seed: int = 0,
        progress: Progress = SILENT,
        start: Start | None = None,  # noqa: ARG002
        checkpoint: Path | None = None,  # noqa: ARG002
    ) -> Solution:
        """Compute the vectors; a user is folded in by the sum of U over the user's items.

        Raises:
            TrainingError: when the memory for B is not there.
        """
        relation = view.matrix()
        x, transposed = relation.forward, relation.reverse
        model = self.baseline.fit(x, progress=progress)
        with progress.task("item weights", self.iterations + 2) as advance:
            items = self._right_singular(model, x, transposed, seed, advance)
            items *= component_signs(items)
            of_items = pad_columns(model.times(items), self.dim)
            users = spmm(x, of_items)
            advance()
        known = {relation.src: x.degrees > 0, relation.dst: transposed.degrees > 0}
        fold_in = FoldInParameters.projection(relation.dst, of_items, users[known[relation.src]])
        vectors = {relation.src: users, relation.dst: pad_columns(items, self.dim)}
        return Solution(vectors, known, {relation.src: fold_in})

    def _right_singular(self, model: ItemModel, x: CSR, transposed: CSR, seed: int, advance: Advance) -> F32:
        """Return [items, <= dim] the leading right singular vectors of X B."""
        if x.columns <= max(EXACT, self.dim):
            whole = spmm(x, model.times(np.eye(x.columns, dtype=np.float32))).astype(np.float64)
            return descending_roots(whole.T @ whole)[1][:, : self.dim].astype(np.float32)
        rng = np.random.default_rng(seed)
        basis = rng.standard_normal((x.columns, self.dim), dtype=np.float32)
        for _ in range(1 + self.iterations):
            scores = spmm(x, model.times(basis))
            basis = orthonormalize(model.transposed_times(spmm(transposed, scores)))
            advance()
        return product(basis, descending_roots(gram(spmm(x, model.times(basis))))[1])
