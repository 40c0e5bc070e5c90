"""Neighbourhoods of users."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import scipy.sparse
from pydantic import Field

from embedding_features.arrays import F32, I64
from embedding_features.evaluate.baselines.base import Baseline, Fitted
from embedding_features.evaluate.baselines.nearest import nearest_rows
from embedding_features.evaluate.baselines.sparse import ones
from embedding_features.graph.csr import CSR
from embedding_features.progress import SILENT, Progress


class UserKNN(Baseline):
    """Scores an item by the similarities of the user's nearest users who have it.

    Cosine of users with shrinkage (Resnick et al., CSCW 1994; Herlocker et al., SIGIR 1999).

    Attributes:
        neighbours: nearest users of a user that count.
        shrinkage: see :func:`.nearest_rows`.
        idf: whether items of many users tell less of each.
    """

    kind: Literal["user_knn"] = "user_knn"
    neighbours: int = Field(default=100, ge=1)
    shrinkage: float = Field(default=10.0, ge=0)
    idf: bool = True

    def fit(self, matrix: CSR, *, progress: Progress = SILENT) -> "UserNeighbours":
        """Find the nearest users of each user."""
        near = nearest_rows(matrix, self.neighbours, self.shrinkage, self.idf, progress)
        return UserNeighbours(ones(matrix), near)


@dataclass(frozen=True)
class UserNeighbours(Fitted):
    """Holds the matrix X [users, items] and the similarities [users, users], in a row a user's nearest."""

    matrix: scipy.sparse.csr_array
    near: scipy.sparse.csr_array

    def scores(self, rows: I64) -> F32:
        """Return the sums of the neighbours' rows of X, each times its similarity."""
        return np.asarray((self.near[rows] @ self.matrix).toarray(), np.float32)
