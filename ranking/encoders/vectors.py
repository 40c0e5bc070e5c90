"""The encoders of pretrained vectors, and of how alike two of them are."""

from collections.abc import MutableMapping
from typing import Self

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from typing_extensions import override

from embedding_features.arrays import F32, I64, Bool
from embedding_features.arrow import flat_array, mask
from embedding_features.errors import CompatibilityError, DataError
from ranking.encoders.base import FieldEncoder
from ranking.encoders.codes import Coder
from ranking.encoders.rows import TrainingRows, check_column
from ranking.inputs.arrow import vector_dim
from ranking.inputs.field_specs import SimilaritySpec, VectorSpec
from ranking.inputs.fields import Number, Vector
from ranking.inputs.inputs import Field
from ranking.inputs.vector_rows import distinct_vectors


class VectorEncoder(FieldEncoder[VectorSpec]):
    """Encodes vectors of ``shape["dim"]`` numbers as rows of a table that has each once."""

    @classmethod
    @override
    def fit(cls, spec: VectorSpec, rows: TrainingRows, coders: MutableMapping[str, Coder]) -> Self:
        return cls(spec, {"dim": fitted_dim(rows, spec.column, spec.name)}, coders)

    @override
    def encode(self, table: pa.Table) -> list[Field]:
        spec = self.spec
        check_column(table.schema, spec.column, spec.name)
        held, index = held_vectors(table[spec.column])
        values, present = checked_vectors(held, spec.column, spec.name, self.shape["dim"])
        own = Vector.of(spec.name, spec.group, spec.side, values, present)
        rows = own.rows if index is None else np.append(own.rows, np.int32(0))[index]
        return [Vector(spec.name, spec.group, spec.side, *distinct_vectors(rows, own.table))]


class SimilarityEncoder(FieldEncoder[SimilaritySpec]):
    """Encodes ⟨u, i⟩ or ⟨u, i⟩ / (|u| |i|); NaN where a vector is missing, or of length 0 for the cosine."""

    @classmethod
    @override
    def fit(cls, spec: SimilaritySpec, rows: TrainingRows, coders: MutableMapping[str, Coder]) -> Self:
        user, item = (fitted_dim(rows, column, spec.name) for column in (spec.user, spec.item))
        if user != item:
            raise CompatibilityError(
                f"{spec.name}: vectors of dim {user} in {spec.user!r} and of dim {item} in {spec.item!r}",
                fix="compare vectors of one space",
            )
        return cls(spec, {"dim": user}, coders)

    @override
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
        """Return [n, dim] the vectors of a column, zero where there is none, and [n] which there are."""
        check_column(table.schema, column, self.spec.name)
        held, index = held_vectors(table[column])
        values, present = checked_vectors(held, column, self.spec.name, self.shape["dim"])
        if index is None:
            return values, present
        none = np.zeros((1, values.shape[1]), np.float32)
        return np.concatenate([values, none])[index], np.append(present, False)[index]


def fitted_dim(rows: TrainingRows, column: str, name: str) -> int:
    """Return the dim of a column's vectors, of its type or else of the first vector; 1 where there is none.

    Args:
        rows: the training rows.
        column: of vectors.
        name: the field's name, for errors.
    """
    for part in rows.parts([column], name):
        dim = vector_dim(part[column], column)
        if dim is not None:
            return dim
    return 1


def held_vectors(column: pa.ChunkedArray) -> tuple[pa.Array, I64 | None]:
    """Return the vectors that a column holds, and which of them each row has; None where each has its own.

    A column of a dictionary holds few vectors for many rows, as the user's for all candidates of a request; a
    row without a vector has the number after the last.
    """
    array = column.chunk(0) if column.num_chunks == 1 else None
    if array is None or not pa.types.is_dictionary(array.type):
        return flat_array(column), None
    index = array.indices.fill_null(len(array.dictionary))
    return array.dictionary, np.asarray(index.to_numpy(zero_copy_only=False), np.int64)


def checked_vectors(column: pa.Array, where: str, name: str, dim: int) -> tuple[F32, Bool]:
    """Return :func:`vectors` of a column, which are checked to be of the dim that training had.

    Args:
        column: of vectors.
        where: the column's name, for errors.
        name: the field's name, for errors.
        dim: that training had.

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


def vectors(name: str, column: pa.ChunkedArray | pa.Array) -> tuple[F32, Bool]:
    """Return [n, dim] vectors, zero where null, and [n] which are not; dim is 1 where nothing says otherwise.

    Args:
        name: the column's name, for errors.
        column: of vectors.

    Raises:
        DataError: when lengths differ or a value is null, NaN or infinite.
    """
    array = flat_array(column)
    present = mask(array.is_valid())
    dim = vector_dim(array, name) or 1
    values = np.zeros((len(array), dim), np.float32)
    if present.any():
        flat = pc.list_flatten(array.drop_null()).cast(pa.float32())
        values[present] = np.asarray(flat.to_numpy(zero_copy_only=False)).reshape(-1, dim)
    if not np.isfinite(values).all():
        raise DataError(f"{name}: a vector holds a null, NaN or infinity", fix="publish the snapshot again")
    return values, present
