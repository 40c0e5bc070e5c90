"""Draws from an alias table by numpy's generator, many at a time."""

import numpy as np

from embedding_features.arrays import F64, I64


def draw_entries(table: tuple[F64, I64], count: int, rng: np.random.Generator) -> I64:
    """Return [count] int64 entries of an :func:`.alias_table`, drawn independently."""
    keep, alias = table
    drawn = rng.integers(0, len(keep), count)
    return np.where(rng.random(count) < keep[drawn], drawn, alias[drawn])
