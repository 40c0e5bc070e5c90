"""Matrices of ones as scipy's sparse arrays, and some of their rows."""

import numpy as np
import scipy.sparse

from embedding_features.arrays import F32, I64
from embedding_features.graph.csr import CSR


def ones(matrix: CSR) -> scipy.sparse.csr_array:
    """Return [rows, columns] float32, one where ``matrix`` has an edge."""
    data = np.ones(matrix.edges, np.float32)
    return scipy.sparse.csr_array((data, matrix.indices, matrix.indptr), shape=(matrix.rows, matrix.columns))


def dense_rows(matrix: scipy.sparse.csr_array, rows: I64) -> F32:
    """Return some rows as a dense array."""
    return np.asarray(matrix[rows].toarray())
