"""GraRep: a factor of the walk's chances for each number of steps, side by side."""

from collections.abc import Iterator
from typing import Literal

import numpy as np
from pydantic import Field, model_validator

from embedding_features.arrays import F32
from embedding_features.graph.csr import CSR
from embedding_features.graph.propagation import spmm
from embedding_features.progress import SILENT, Progress
from embedding_features.solvers.proximity.adjacency import merged_adjacency, transition
from embedding_features.solvers.proximity.factors import (
    FactoredProximity,
    column_blocks,
    diagonal_columns,
    positive_logs,
    unit_rows,
)


class GraRep(FactoredProximity):
    """Factors the positive log chances of walks of 1, 2, …, K steps, and lays the factors side by side.

    X^k_ij = max(0, log(P^k_ij / Σ_p P^k_pj) − log(λ / N)), P = D⁻¹A, of which U S^½ are the vectors of step k
    (Cao, Lu & Xu, CIKM 2015, algorithm 1). Each step's vectors are scaled to length 1, so that none outweighs
    the others. Steps share ``dim`` as evenly as it goes, the first ones have what is over.

    P^k is held dense: with its logarithms about 12 · nodes² bytes.

    Attributes:
        steps: K.
        negatives: λ, negative samples of a pair.
    """

    kind: Literal["grarep"] = "grarep"
    steps: int = Field(default=5, ge=1)
    negatives: float = Field(default=1.0, gt=0)

    @model_validator(mode="after")
    def _every_step_has_a_component(self) -> "GraRep":
        if self.dim < self.steps:
            raise ValueError(f"dim {self.dim} is too little for a component of each of {self.steps} steps")
        return self

    def solve(self, adjacency: CSR, *, seed: int = 0, progress: Progress = SILENT) -> F32:
        """Compute the vectors, of directed graphs as well; see :meth:`.ProximitySolver.solve`."""
        widths = [self.dim // self.steps + (step < self.dim % self.steps) for step in range(self.steps)]
        with progress.task("grarep", self.steps * (self.iterations + 1)) as advance:
            found = zip(self.transposed_matrices(adjacency), widths, strict=True)
            parts = [unit_rows(self.factor(matrix, width, seed, advance)) for matrix, width in found]
        return np.concatenate(parts, axis=1)

    def transposed_matrices(self, adjacency: CSR) -> Iterator[CSR]:
        """Make the transposes of X^1, X^2, …, X^K [nodes, nodes], one after the other."""
        step = transition(merged_adjacency(adjacency, undirected=False))
        ones = np.ones(step.rows)
        walked = [diagonal_columns(ones, *block) for block in column_blocks(step.rows)]
        for _ in range(self.steps):
            for number, block in enumerate(walked):
                walked[number] = spmm(step, block)
            yield positive_logs((self._shares(block) for block in walked), step.rows)

    def _shares(self, columns: F32) -> F32:
        """Return N / λ · P^k_ij / Σ_p P^k_pj of a block of columns j, transposed."""
        sums = columns.sum(axis=0, dtype=np.float64)
        scale = np.divide(len(columns) / self.negatives, sums, out=np.zeros(len(sums)), where=sums > 0)
        return np.ascontiguousarray((columns * scale.astype(np.float32)).T)
