"""Vectors of a given width whose inner products come nearest to those of longer ones."""

import numpy as np

from embedding_features.arrays import F32
from embedding_features.solvers.orthonormal import (
    component_signs,
    descending_roots,
    gram,
    orthonormalize,
    pad_columns,
    product,
)

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
    short_left = product(image, rotation / np.sqrt(roots * blocks))
    short_right = product(basis, rotation * np.sqrt(roots / blocks))
    sign = component_signs(short_right)
    return pad_columns(short_left * sign, dim), pad_columns(short_right * sign, dim)


def _image(left: F32, right: F32, vectors: F32) -> F32:
    """Return the product left · (rightᵀ · vectors)."""
    return left @ (right.T @ vectors)
