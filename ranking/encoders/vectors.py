"""Pretrained vectors, and how alike two of them are."""

from collections.abc import MutableMapping
from typing import Self

import numpy as np
import pyarrow as pa

from embedding_features.arrays import F32, I64, Bool
from embedding_features.errors import CompatibilityError
from ranking.encoders.base import FieldEncoder
from ranking.encoders.codes import Coder
from ranking.encoders.rows import TrainingRows, check_column
from ranking.inputs.arrow import flat_array, vector_dim, vectors
from ranking.inputs.field_specs import SimilaritySpec, VectorSpec
from ranking.inputs.fields import Number, Vector
from ranking.inputs.inputs import Field
from ranking.inputs.vector_rows import held_once


class VectorEncoder(FieldEncoder[VectorSpec]):
    """Vectors of ``shape["dim"]`` numbers, each stored once."""

    @classmethod
    def fit(cls, spec: VectorSpec, rows: TrainingRows, coders: MutableMapping[str, Coder]) -> Self:
        return cls(spec, {"dim": fitted_dim(rows, spec.column, spec.name)}, coders)

    def encode(self, table: pa.Table) -> list[Field]:
        spec = self.spec
        check_column(table.schema, spec.column, spec.name)
        held, place = held_vectors(table[spec.column])
        values, present = checked_vectors(held, spec.column, spec.name, self.shape["dim"])
        own = Vector.of(spec.name, spec.group, spec.side, values, present)
        rows = own.rows if place is None else np.append(own.rows, np.int32(0))[place]
        return [Vector(spec.name, spec.group, spec.side, *held_once(rows, own.table))]


class SimilarityEncoder(FieldEncoder[SimilaritySpec]):
    """⟨u, i⟩ or ⟨u, i⟩ / (|u| |i|), NaN where a vector is missing, or of length 0 for the cosine."""

    @classmethod
    def fit(cls, spec: SimilaritySpec, rows: TrainingRows, coders: MutableMapping[str, Coder]) -> Self:
        user, item = (fitted_dim(rows, column, spec.name) for column in (spec.user, spec.item))
        if user != item:
            raise CompatibilityError(
                f"{spec.name}: vectors of dim {user} in {spec.user!r} and of dim {item} in {spec.item!r}",
                fix="compare vectors of one space",
            )
        return cls(spec, {"dim": user}, coders)

    def encode(self, table: pa.Table) -> list[Field]:
        spec = self.spec
        user, has_user = self._vectors(table, spec.user)
        item, has_item = self._vectors(table, spec.item)
        known = has_user & has_item
        values: F32 = np.einsum("nd,nd->n", user, item)
        if spec.measure == "cosine":
            length: F32 = np.linalg.norm(user, axis=1) * np.linalg.norm(item, axis=1)
            known &= length > 0
            values = np.divide(values, length, out=np.zeros_like(values), where=known)
        return [Number(spec.name, spec.group, np.where(known, values, np.nan).astype(np.float32))]

    def _vectors(self, table: pa.Table, column: str) -> tuple[F32, Bool]:
        """[n, dim] vectors of a column, zero where there is none, and which there are."""
        check_column(table.schema, column, self.spec.name)
        held, place = held_vectors(table[column])
        values, present = checked_vectors(held, column, self.spec.name, self.shape["dim"])
        if place is None:
            return values, present
        none = np.zeros((1, values.shape[1]), np.float32)
        return np.concatenate([values, none])[place], np.append(present, False)[place]


def fitted_dim(rows: TrainingRows, column: str, name: str) -> int:
    """Numbers a vector, of the type or else of the first vector there is; 1 where there is none."""
    for part in rows.parts([column], name):
        dim = vector_dim(part[column], column)
        if dim is not None:
            return dim
    return 1


def held_vectors(column: pa.ChunkedArray) -> tuple[pa.Array, I64 | None]:
    """The vectors that a column holds, and which of them each row has; None where each has its own.

    A column of a dictionary holds few vectors for many rows, as the user's for all candidates of a request; a
    row without a vector has the place after the last.
    """
    array = column.chunk(0) if column.num_chunks == 1 else None
    if array is None or not pa.types.is_dictionary(array.type):
        return flat_array(column), None
    place = array.indices.fill_null(len(array.dictionary))
    return array.dictionary, np.asarray(place.to_numpy(zero_copy_only=False), np.int64)


def checked_vectors(column: pa.Array, where: str, name: str, dim: int) -> tuple[F32, Bool]:
    """[n, dim] vectors and which there are.

    Raises:
        CompatibilityError: when they are of another dim than in training.
    """
    found = vector_dim(column, where)
    if found is None:
        return np.zeros((len(column), dim), np.float32), np.zeros(len(column), np.bool_)
    if found != dim:
        raise CompatibilityError(
            f"{name}: vectors of dim {found} in {where!r}, training had dim {dim}",
            fix=f"ask the store for the view trained on, of dim {dim}, or train again on dim {found}",
        )
    return vectors(where, column)
