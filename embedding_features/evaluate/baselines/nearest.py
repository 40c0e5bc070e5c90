"""Nearest rows of a matrix by cosine."""

import numpy as np
import scipy.sparse

from embedding_features.arrays import F32
from embedding_features.evaluate.baselines.sparse import ones
from embedding_features.evaluate.top_k import top_k
from embedding_features.graph.csr import CSR
from embedding_features.progress import SILENT, Progress

#: cosines held at once: 16 M float32, 64 MB
_BLOCK = 1 << 24


def nearest_rows(
    matrix: CSR,
    count: int,
    shrinkage: float,
    idf: bool,
    progress: Progress = SILENT,
    *,
    alpha: float = 0.5,
) -> scipy.sparse.csr_array:
    """Return [rows, rows] each row's ``count`` nearest other rows, with their similarity.

    Similarity of row x to its neighbour y is ⟨x, y⟩ / (|x|^2α |y|^2(1−α) + shrinkage), the cosine where α is
    ½ (Aiolli, RecSys 2013, section 4.1); rows that share nothing are nobody's neighbours.

    Args:
        matrix: [rows, columns], read as ones.
        count: neighbours of a row, at most.
        shrinkage: pulls the similarity of rows with few columns to 0; in ones, 10 is that of ten columns
            each.
        idf: whether a column weighs log(rows / its rows), so that what many rows have tells less; weights are
            1 in the mean over pairs, so that ``shrinkage`` means the same.
        progress: where each block of rows is reported.
        alpha: α, in [0, 1]; a smaller one ranks rows with many columns higher.
    """
    x = _weighted(matrix, idf)
    norm = np.sqrt(np.asarray(x.multiply(x).sum(axis=1), np.float32))
    norm[norm == 0] = 1
    own, theirs = (norm ** np.float32(2 * power) for power in (alpha, 1 - alpha))
    itself = np.arange(matrix.rows + 1)
    transposed = x.T.tocsr()
    block = max(1, _BLOCK // matrix.rows)
    columns, values = [], []
    with progress.task("neighbours", matrix.rows) as advance:
        for start in range(0, matrix.rows, block):
            rows = itself[start : min(start + block, matrix.rows)]
            similarity = np.asarray((x[rows] @ transposed).toarray(), np.float32)
            similarity /= own[rows, None] * theirs + np.float32(shrinkage)
            best, value = top_k(similarity, count, rows, itself, itself[:-1].astype(np.int32))
            columns.append(best)
            values.append(value)
            advance(len(rows))
    return _as_rows(np.concatenate(columns), np.concatenate(values))


def _weighted(matrix: CSR, idf: bool) -> scipy.sparse.csr_array:
    x = ones(matrix)
    if not idf:
        return x
    rows = np.bincount(matrix.indices, minlength=matrix.columns)
    weight = np.log(matrix.rows / np.maximum(rows, 1))[x.indices]
    if (mean := weight.mean()) > 0:
        weight /= mean
    return scipy.sparse.csr_array((weight.astype(np.float32), x.indices, x.indptr), shape=x.shape)


def _as_rows(columns: np.ndarray, values: F32) -> scipy.sparse.csr_array:
    """Return [rows, rows] the values above 0 at their columns."""
    kept = values > 0
    indptr = np.concatenate([np.zeros(1, np.int64), np.cumsum(kept.sum(axis=1))])
    return scipy.sparse.csr_array((values[kept], columns[kept], indptr), shape=(len(values), len(values)))
