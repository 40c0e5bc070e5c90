"""The base of derivations: their settings, and of codebooks how they are learned and applied."""

from abc import abstractmethod
from collections.abc import Mapping
from typing import ClassVar

import numpy as np
import pyarrow as pa

from embedding_features.arrays import F32, I64, AnyArray
from embedding_features.artifact import Kind
from embedding_features.config import Part
from embedding_features.errors import DataError

Arrays = Mapping[str, AnyArray]


class Derivation(Part):
    """Describes how one table, or one column of it, is derived from vectors."""

    table: ClassVar[Kind]


class CodebookSpec(Derivation):
    """Describes a codebook, which is learned once in a space and then applied to later vectors.

    Attributes:
        column: of the derived table, which refers to the codebook.
    """

    column: ClassVar[str]

    @abstractmethod
    def learn(self, vectors: F32, seed: int) -> dict[str, AnyArray]:
        """Return the codebook's arrays, learned from [n, dim] vectors, n ≥ 1."""

    @abstractmethod
    def encode(self, arrays: Arrays, vectors: F32) -> dict[str, pa.Array]:
        """Return column name → n rows, for [n, dim] vectors."""


def check_finite(vectors: F32, name: str) -> None:
    """Check that vectors are finite.

    Raises:
        DataError: when a vector holds NaN or infinity; ``name`` says whose.
    """
    bad = int((~np.isfinite(vectors).all(axis=1)).sum())
    if bad:
        raise DataError(f"{bad} {name} vectors hold NaN or infinity", fix="see the health gate's figures")


def lists(values: I64 | F32) -> pa.Array:
    """Return [n, m] values as n lists of m."""
    offsets = pa.array(np.arange(len(values) + 1) * values.shape[1], pa.int32())
    return pa.ListArray.from_arrays(offsets, pa.array(np.ascontiguousarray(values).reshape(-1)))
