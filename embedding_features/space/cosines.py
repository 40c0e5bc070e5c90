"""Cosines between two vectors of each of many nodes."""

import numpy as np

from embedding_features.arrays import F32, F64


def cosines(one: F32 | F64, two: F32 | F64) -> F64:
    """Return the cosines [m ≤ n] of rows [n, dim]; a zero vector has no direction, its row is left out."""
    found: F64 = np.einsum("nd,nd->n", _unit(one), _unit(two))
    return np.clip(found[~np.isnan(found)], -1.0, 1.0)


def _unit(vectors: F32 | F64) -> F64:
    """Return vectors at length 1; a zero vector becomes NaN."""
    wide = vectors.astype(np.float64)
    length = np.linalg.norm(wide, axis=1, keepdims=True)
    unit: F64 = np.divide(wide, length, out=np.full(wide.shape, np.nan), where=length > 0)
    return unit
