"""Neighbourhoods of items."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import scipy.sparse
from pydantic import Field

from embedding_features.arrays import F32, I64
from embedding_features.evaluate.baselines.base import ItemBaseline, ItemModel
from embedding_features.evaluate.baselines.nearest import nearest_rows
from embedding_features.evaluate.baselines.sparse import ones
from embedding_features.graph.csr import CSR
from embedding_features.progress import SILENT, Progress


class ItemKNN(ItemBaseline):
    """Scores an item by the similarities of its nearest items that the user has.

    Cosine of items with shrinkage (Sarwar et al., WWW 2001; Bell & Koren, ICDM 2007), or an asymmetric one
    (Aiolli, RecSys 2013).

    Attributes:
        neighbours: nearest items of an item that count.
        shrinkage: see :func:`.nearest_rows`.
        idf: whether users of many items tell less of each.
        alpha: see :func:`.nearest_rows`; ½ is the cosine, and a smaller one finds popular items more easily.
    """

    kind: Literal["item_knn"] = "item_knn"
    neighbours: int = Field(default=200, ge=1)
    shrinkage: float = Field(default=50.0, ge=0)
    idf: bool = True
    alpha: float = Field(default=0.5, ge=0, le=1)

    def fit(self, matrix: CSR, *, progress: Progress = SILENT) -> "ItemNeighbours":
        """Find the nearest items of each item."""
        reverse = matrix.transposed()
        near = nearest_rows(reverse, self.neighbours, self.shrinkage, self.idf, progress, alpha=self.alpha)
        return ItemNeighbours(ones(matrix), near)


@dataclass(frozen=True)
class ItemNeighbours(ItemModel):
    """Holds X [users, items] and the similarities Bᵀ [items, items], in a row an item's nearest."""

    matrix: scipy.sparse.csr_array
    near: scipy.sparse.csr_array

    def scores(self, rows: I64) -> F32:
        """Return X Bᵀᵀ of some rows of X."""
        return np.asarray((self.matrix[rows] @ self.near.T).toarray(), np.float32)

    def times(self, x: F32) -> F32:
        """Return B x."""
        return np.asarray(self.near.T @ x)

    def transposed_times(self, x: F32) -> F32:
        """Return Bᵀ x."""
        return np.asarray(self.near @ x)
