"""Right singular vectors of a sparse matrix: exact where a side is small, by subspace iteration where not."""

import numpy as np
import scipy.sparse

from embedding_features.arrays import F32, F64
from embedding_features.graph.csr import CSR
from embedding_features.graph.propagation import spmm
from embedding_features.progress import Advance
from embedding_features.solvers.orthonormal import descending_roots, gram, orthonormalize, product

#: up to so many rows or columns the Gram matrix is decomposed whole, without chance or iteration
EXACT = 1024
#: singular values below this share of the largest are noise in float32
RESOLUTION = 1e-3


def randomized_singular(
    matrix: CSR, width: int, iterations: int, seed: int, advance: Advance
) -> tuple[F32, F64]:
    """Return the leading right singular vectors [columns, <= width] and the singular values, descending.

    Randomized subspace iteration (Halko, Martinsson & Tropp 2011, algorithms 4.4 and 5.1) in float32 with
    Cholesky QR.

    Args:
        matrix: [rows, columns].
        width: number of vectors carried along; the last of them are the least exact.
        iterations: after the first product.
        seed: of the random vectors it starts from.
        advance: called once an iteration, the first product among them.
    """
    transposed = matrix.transposed()
    rng = np.random.default_rng(seed)
    basis = rng.standard_normal((matrix.columns, width), dtype=np.float32)
    for _ in range(1 + iterations):
        basis = orthonormalize(spmm(transposed, spmm(matrix, basis)))
        advance()
    image = spmm(matrix, basis)
    singular, vectors = descending_roots(gram(image))
    del image
    return product(basis, vectors), singular


def exact_singular(matrix: CSR) -> tuple[F32, F64]:
    """Return all right singular vectors [columns, r] and values, by the smaller side's Gram matrix."""
    sparse = scipy.sparse.csr_array(
        (matrix.weights().astype(np.float64), matrix.indices, matrix.indptr),
        shape=(matrix.rows, matrix.columns),
    )
    if matrix.columns <= matrix.rows:
        singular, vectors = descending_roots((sparse.T @ sparse).toarray())
        return vectors.astype(np.float32), singular
    singular, left = descending_roots((sparse @ sparse.T).toarray())
    with np.errstate(divide="ignore"):
        inverse = np.where(singular > RESOLUTION * singular[0], 1 / singular, 0)
    return spmm(matrix.transposed(), (left * inverse).astype(np.float32)), singular
