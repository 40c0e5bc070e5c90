"""The same items for everyone."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from embedding_features.arrays import F32, I64
from embedding_features.evaluate.baselines.base import Baseline, Fitted
from embedding_features.graph.csr import CSR
from embedding_features.progress import SILENT, Progress


class Popular(Baseline):
    """Scores an item by how many users have it."""

    kind: Literal["popular"] = "popular"

    def fit(self, matrix: CSR, *, progress: Progress = SILENT) -> "Counts":  # noqa: ARG002
        """Count the users of each item."""
        return Counts(np.bincount(matrix.indices, minlength=matrix.columns).astype(np.float32))


@dataclass(frozen=True)
class Counts(Fitted):
    """Holds [items] how many users have each item."""

    users: F32

    def scores(self, rows: I64) -> F32:
        """Return the counts, once for each row."""
        return np.tile(self.users, (len(rows), 1))
