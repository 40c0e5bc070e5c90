"""The inverse of a large Gram matrix, computed in its own memory."""

from pathlib import Path

import numpy as np
import scipy.linalg.lapack

from embedding_features.arrays import F32
from embedding_features.errors import TrainingError
from embedding_features.evaluate.baselines.sparse import ones
from embedding_features.graph.csr import CSR
from embedding_features.progress import SILENT, Progress

#: rows that are made or mirrored at once
_BLOCK = 256
#: what is held beside the matrix: blocks, and what the process needs anyway
_BESIDE = 500_000_000


def gram_inverse(matrix: CSR, ridge: float, progress: Progress = SILENT) -> F32:
    """Return (X Xᵀ + ridge I)⁻¹ [rows, rows] float32 of X [rows, columns], by Cholesky factorization.

    The factor and the inverse take the place of the Gram matrix, 4 rows² bytes; it costs rows³
    multiplications and as many additions.

    Raises:
        TrainingError: when the memory is not there, before any of it is taken, or the matrix is singular
            within float32.
    """
    need, available = 4 * matrix.rows**2 + _BESIDE, available_memory()
    if available is not None and need > available:
        raise TrainingError(
            f"the inverse of a {matrix.rows} × {matrix.rows} matrix needs {need / 1e9:.1f} GB of memory,"
            f" {available / 1e9:.1f} GB are available",
            fix="free memory, leave out rare users or items, or take a method of less memory",
        )
    with progress.task("inverse", 3) as advance:
        found = _gram(matrix)
        found.flat[:: matrix.rows + 1] += np.float32(ridge)
        advance()
        # LAPACK's order is by columns: its lower triangle is our upper one
        _, info = scipy.linalg.lapack.spotrf(found.T, lower=1, clean=0, overwrite_a=1)
        if info:
            raise TrainingError(
                f"X Xᵀ + {ridge:g} I is not positive definite in float32", fix="raise the regularization"
            )
        advance()
        scipy.linalg.lapack.spotri(found.T, lower=1, overwrite_c=1)
        _mirror(found)
        advance()
    return found


def available_memory() -> int | None:
    """Return how many bytes the system can still give; None where it does not say."""
    path = Path("/proc/meminfo")
    if not path.exists():
        return None
    sizes = dict(line.split(":", 1) for line in path.read_text(encoding="ascii").splitlines())
    return int(sizes["MemAvailable"].split()[0]) * 1024


def _gram(matrix: CSR) -> F32:
    """Return X Xᵀ, dense."""
    x = ones(matrix)
    transposed = x.T.tocsr()
    found = np.empty((matrix.rows, matrix.rows), np.float32)
    for start in range(0, matrix.rows, _BLOCK):
        found[start : start + _BLOCK] = (x[start : start + _BLOCK] @ transposed).toarray()
    return found


def _mirror(square: F32) -> None:
    """Copy the upper triangle to the lower one, in place."""
    for start in range(0, len(square), _BLOCK):
        rows = square[start : start + _BLOCK, start:]
        corner = rows[:, : len(rows)]
        corner[:] = np.triu(corner) + np.triu(corner, 1).T
        square[start + len(rows) :, start : start + len(rows)] = rows[:, len(rows) :].T
