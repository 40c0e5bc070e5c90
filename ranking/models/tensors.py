"""A batch: rows of inputs as torch tensors."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from embedding_features.arrays import AnyArray
from ranking.inputs.fields import Bag, Category, History, Number, Vector
from ranking.inputs.inputs import Inputs
from ranking.models.schema import Schema


@dataclass(frozen=True)
class Batch:
    """Holds b rows as tensors. Codes are rows of the shared embedding table: each field's offset is added.

    Attributes:
        label: [b] float32, NaN where a row has none.
        continuous: [b, c] float32, NaN where a number is unknown.
        categorical: [b, k] int64 codes.
        bags: [b, width] int64 codes and [b, width] float32 weights of each bag.
        rows: [b, vectors] int64 rows of ``tables``, 0 where a vector is absent.
        histories: [b, length] int64 codes and [b, length] int64 table rows of each history. An item whose
            code is its field's offset is padding where its row is 0 too.
        keys: [b, keyed fields] int64, see :class:`.Category`.
        domain: [b] int64 domain of each row; None where all rows are of one domain.
        tables: [R, dim] float32 of each vector field, then of each history; all batches of some inputs share
            them.
    """

    label: Tensor
    continuous: Tensor
    categorical: Tensor
    bags: tuple[tuple[Tensor, Tensor], ...]
    rows: Tensor
    histories: tuple[tuple[Tensor, Tensor], ...]
    keys: Tensor
    domain: Tensor | None
    tables: tuple[Tensor, ...]

    @classmethod
    def of(cls, inputs: Inputs, schema: Schema) -> "Batch":
        """Return all rows of some inputs.

        Args:
            inputs: rows laid out as those that ``schema`` describes.
            schema: the fields and their offsets.
        """
        n = len(inputs)
        offsets = [field.offset for field in schema.categorical]
        bags = tuple(
            (torch.from_numpy(bag.codes).long() + field.offset, torch.from_numpy(bag.weights))
            for bag, field in zip(inputs.of(Bag), schema.bags, strict=True)
        )
        histories = tuple(
            (torch.from_numpy(history.codes).long() + field.offset, torch.from_numpy(history.rows).long())
            for history, field in zip(inputs.of(History), schema.histories, strict=True)
        )
        tables = [f.table for f in inputs.of(Vector)] + [f.table for f in inputs.of(History)]
        keys = [field.key for field in inputs.of(Category) if field.key is not None]
        return cls(
            label=torch.from_numpy(inputs.label),
            continuous=_side_by_side(n, [field.values for field in inputs.of(Number)], np.float32),
            categorical=_side_by_side(n, [f.codes for f in inputs.of(Category)], np.int64, offsets),
            bags=bags,
            rows=_side_by_side(n, [field.rows for field in inputs.of(Vector)], np.int64),
            histories=histories,
            keys=_side_by_side(n, keys, np.int64),
            domain=None if inputs.domain is None else torch.from_numpy(inputs.domain).long(),
            tables=tuple(torch.from_numpy(table) for table in tables),
        )

    def __len__(self) -> int:
        return len(self.label)

    @property
    def present(self) -> Tensor:
        """[b, vectors] float32: 1 where the vector is known, 0 where it is absent."""
        return (self.rows > 0).float()

    def vector(self, column: int) -> Tensor:
        """Return the [b, dim] vectors of one vector field, zero where absent."""
        return self.tables[column].index_select(0, self.rows[:, column])

    def take(self, rows: Tensor | slice) -> "Batch":
        """Return some rows: copies, or views where ``rows`` is a slice; the tables are shared."""

        def chosen(values: Tensor) -> Tensor:
            return values[rows] if isinstance(rows, slice) else values.index_select(0, rows)

        return Batch(
            chosen(self.label),
            chosen(self.continuous),
            chosen(self.categorical),
            tuple((chosen(codes), chosen(weights)) for codes, weights in self.bags),
            chosen(self.rows),
            tuple((chosen(codes), chosen(vectors)) for codes, vectors in self.histories),
            chosen(self.keys),
            None if self.domain is None else chosen(self.domain),
            self.tables,
        )


def _side_by_side(n: int, columns: Sequence[AnyArray], dtype: type, added: Sequence[int] = ()) -> Tensor:
    """Return arrays [n] as a tensor [n, columns]; ``added`` has a number to add to each, or none.

    Rows are filled and torch transposes: that is faster than NumPy's writing of columns.
    """
    matrix: AnyArray = np.empty((len(columns), n), dtype)
    for row, column in enumerate(columns):
        if added:
            np.add(column, added[row], out=matrix[row])
        else:
            matrix[row] = column
    return torch.from_numpy(matrix).t().contiguous()
