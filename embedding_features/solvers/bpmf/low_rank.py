"""Vectors of a given width whose inner products come nearest to those of longer ones."""

import numpy as np

from embedding_features.arrays import F32
from embedding_features.solvers.orthonormal import descending_roots, gram, orthonormalize, product

_OVERSAMPLING = 8
_ITERATIONS = 4


def low_rank(left: F32, right: F32, dim: int, blocks: int, rng: np.random.Generator) -> tuple[F32, F32]:
    """Return vectors whose products come nearest to left · rightᵀ / blocks in squares.

    Randomized subspace iteration (Halko, Martinsson & Tropp 2011, algorithms 4.4 and 5.1) that never forms
    the [n, m] matrix. With U S Vᵀ its truncated singular value decomposition: U S^½ and V S^½, each
    component's largest right entry positive.

    Args:
        left: [n, w].
        right: [m, w].
        dim: width wanted; components beyond the rank are zero.
        blocks: number that the products are divided by.
        rng: draws the start of the iteration.

    Returns:
        [n, dim] and [m, dim].
    """
    basis = rng.standard_normal((len(right), min(dim + _OVERSAMPLING, len(right))), dtype=np.float32)
    for _ in range(1 + _ITERATIONS):
        basis = orthonormalize(_image(right, left, orthonormalize(_image(left, right, basis))))
    image = _image(left, right, basis)
    roots, rotation = descending_roots(gram(image))
    kept = int((roots[:dim] > 1e-6 * roots[0]).sum())
    roots, rotation = roots[:kept], rotation[:, :kept]
    out = (
        product(image, rotation / np.sqrt(roots * blocks)),
        product(basis, rotation * np.sqrt(roots / blocks)),
    )
    sign = np.where(out[1][np.abs(out[1]).argmax(axis=0), np.arange(kept)] < 0, -1, 1).astype(np.float32)
    padding = ((0, 0), (0, dim - kept))
    return np.pad(out[0] * sign, padding), np.pad(out[1] * sign, padding)


def _image(left: F32, right: F32, vectors: F32) -> F32:
    """Return the product left · (rightᵀ · vectors)."""
    return left @ (right.T @ vectors)
