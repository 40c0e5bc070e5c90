"""Vectors whose dot product ranks as a metric does, so that one product of matrices serves them all."""

from typing import Literal

import numpy as np

from embedding_features.arrays import F32


def comparable(users: F32, items: F32, metric: Literal["dot", "cosine", "l2"]) -> tuple[F32, F32]:
    """Return [m, d'] and [n, d'] vectors whose dot product ranks items as ``metric`` does.

    Args:
        users: [m, d] float32.
        items: [n, d] float32.
        metric: how they are compared.
    """
    if metric == "dot":
        return users, items
    if metric == "cosine":  # the user's own length does not change the ranking
        norms = np.linalg.norm(items, axis=1, keepdims=True)
        return users, np.asarray(items / np.where(norms > 0, norms, 1), np.float32)
    # -|u - i|²/2 = u·i - |i|²/2 - |u|²/2, whose last term does not change the ranking
    half = np.asarray(-0.5 * np.square(items).sum(axis=1, keepdims=True), np.float32)
    ones = np.ones((len(users), 1), np.float32)
    return np.concatenate([users, ones], axis=1), np.concatenate([items, half], axis=1)
