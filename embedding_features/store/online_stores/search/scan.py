"""Exact search of a matrix of vectors, by the scan of :mod:`.recall`."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow.compute as pc

from embedding_features.arrays import F32, I64
from embedding_features.artifact import Metric
from embedding_features.errors import CompatibilityError
from embedding_features.store.online_stores.search.query import VectorQuery


class VectorScan:
    """Searches a matrix by looking at all its rows; equally near rows are found in their order.

    Args:
        vectors: [n, dim] floats, compared as float32.
        metric: how they are compared.
        where: the view and feature, for errors.
    """

    def __init__(self, vectors: np.ndarray, metric: Metric, where: str) -> None:
        # it compiles, and who only reads does without
        from embedding_features.artifact.metric import as_compared
        from embedding_features.recall.exact.exact import ScannedVectors

        self._where, self._size = where, len(vectors)
        self._vectors = ScannedVectors(as_compared(vectors.astype(np.float32, copy=False), metric), metric)

    def best(self, query: VectorQuery, count: int, without: I64) -> list[int]:
        """Return the rows nearest to a query, nearest first.

        Args:
            query: the search.
            count: rows wanted; fewer come back where there are fewer.
            without: [m] rows that must not be found.

        Raises:
            CompatibilityError: when the vectors have another dimension than the query.
        """
        from embedding_features.artifact.metric import as_compared
        from embedding_features.recall.exact.exact import search_exact
        from embedding_features.recall.filters import Eligible
        from embedding_features.recall.row_lists import RowLists

        compared = as_compared(query.compared, query.metric)
        if self._size:
            refuse_dim(compared.shape[1], {self._vectors.values.shape[1]}, self._where)
        allowed = None
        if len(without):
            kept = np.ones(self._size, bool)
            kept[without] = False
            allowed = np.flatnonzero(kept)
        nobody = RowLists(np.zeros(2, np.int64), np.empty(0, np.int64))
        eligible = Eligible(0, self._size, allowed, nobody, None)
        if not eligible.count:
            return []
        rows, _ = search_exact(compared, self._vectors, min(count, eligible.count), eligible)
        return [row for row in rows[0].tolist() if row >= 0]


def matrix_of(column: Any, query: VectorQuery, where: str) -> F32:
    """Return [n, dim] the vectors of a column that was read.

    Args:
        column: a matrix, or an Arrow array of lists.
        query: the search, whose dimension the vectors must have.
        where: the view and feature, for errors.

    Raises:
        CompatibilityError: when they have other dimensions than the query.
    """
    if isinstance(column, np.ndarray):
        return column
    lengths = pc.list_value_length(column).to_numpy()
    refuse_dim(len(query.vector), set(lengths.tolist()), where)
    return np.asarray(column.flatten()).reshape(len(column), -1)


def refuse_dim(dim: int, held: set[int] | Sequence[int], where: str) -> None:
    """Check that vectors have the dimension of a query.

    Args:
        dim: of the query.
        held: the dimensions of the vectors.
        where: the view and feature, for errors.

    Raises:
        CompatibilityError: when they have another one.
    """
    if set(held) - {dim}:
        raise CompatibilityError(
            f"the query has dim {dim}, the vectors of {where} have {', '.join(map(str, sorted(held)))}",
            fix="use a vector of the same model, and declare the feature's vector_length",
        )
