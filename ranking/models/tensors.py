"""Inputs as torch tensors: what a batch is, and how big its embedding tables are."""

from dataclasses import dataclass

import torch
from torch import Tensor

from embedding_features.errors import DataError
from ranking.inputs import Bag, Categorical, Continuous, Inputs, Vector


@dataclass(frozen=True)
class Sparse:
    """One discrete field: a slice of the shared embedding table.

    Attributes:
        side, group, place: see :class:`ranking.inputs.Categorical`.
        offset: row of the shared table where its vocabulary begins; code 0, the unknown, stands there.
        size: rows of its vocabulary.
        width: codes a row, 1 of a categorical field.
    """

    name: str
    side: str
    group: str
    offset: int
    size: int
    width: int
    identity: bool
    place: str


@dataclass(frozen=True)
class Schema:
    """The shape of a model's inputs: c continuous columns, discrete fields, vectors.

    Attributes:
        categorical, bags: discrete fields, in the order of :class:`Batch`.
        rows: of the shared embedding table, all vocabularies one after another.
        dims: of the vectors.
    """

    continuous: int
    categorical: tuple[Sparse, ...]
    bags: tuple[Sparse, ...]
    rows: int
    dims: tuple[int, ...]

    @classmethod
    def of(cls, inputs: Inputs) -> "Schema":
        offsets: dict[str, tuple[int, int]] = {}
        rows = 0
        discrete: list[Categorical | Bag] = [*inputs.of(Categorical), *inputs.of(Bag)]
        for field in discrete:
            if field.table not in offsets:
                offsets[field.table] = (rows, field.size)
                rows += field.size
            elif offsets[field.table][1] != field.size:
                raise DataError(f"{field.name}: table {field.table!r} has two sizes")

        def sparse(field: Categorical | Bag) -> Sparse:
            width = field.codes.shape[1] if isinstance(field, Bag) else 1
            offset = offsets[field.table][0]
            place = field.place if isinstance(field, Categorical) else ""
            return Sparse(
                field.name, field.side, field.group, offset, field.size, width, field.identity, place
            )

        return cls(
            continuous=len(inputs.of(Continuous)),
            categorical=tuple(sparse(field) for field in inputs.of(Categorical)),
            bags=tuple(sparse(field) for field in inputs.of(Bag)),
            rows=rows,
            dims=tuple(field.values.shape[1] for field in inputs.of(Vector)),
        )


@dataclass(frozen=True)
class Batch:
    """b rows. Codes are rows of the shared table: each field's offset is added.

    Attributes:
        label: [b] float32.
        continuous: [b, c] float32, NaN unknown.
        categorical: [b, k] int64.
        bags: of each bag [b, width] int64 codes and [b, width] float32 weights.
        vectors: of each vector [b, dim] float32, zero where not present.
        present: [b, vectors] float32, 1 where the vector is known.
    """

    label: Tensor
    continuous: Tensor
    categorical: Tensor
    bags: tuple[tuple[Tensor, Tensor], ...]
    vectors: tuple[Tensor, ...]
    present: Tensor

    @classmethod
    def of(cls, inputs: Inputs, schema: Schema) -> "Batch":
        """All rows of ``inputs``, laid out as ``schema`` was made from."""
        n = len(inputs)
        codes = [
            torch.from_numpy(field.codes).long() + sparse.offset
            for field, sparse in zip(inputs.of(Categorical), schema.categorical, strict=True)
        ]
        bags = tuple(
            (torch.from_numpy(bag.codes).long() + sparse.offset, torch.from_numpy(bag.weights))
            for bag, sparse in zip(inputs.of(Bag), schema.bags, strict=True)
        )
        vectors = inputs.of(Vector)
        continuous = [torch.from_numpy(field.values) for field in inputs.of(Continuous)]
        present = [torch.from_numpy(field.present).float() for field in vectors]
        return cls(
            label=torch.from_numpy(inputs.label),
            continuous=torch.stack(continuous, 1) if continuous else torch.zeros(n, 0),
            categorical=torch.stack(codes, 1) if codes else torch.zeros(n, 0, dtype=torch.long),
            bags=bags,
            vectors=tuple(torch.from_numpy(field.values) for field in vectors),
            present=torch.stack(present, 1) if present else torch.zeros(n, 0),
        )

    def __len__(self) -> int:
        return len(self.label)

    def take(self, rows: Tensor) -> "Batch":
        """Some rows, copied."""
        return Batch(
            self.label[rows],
            self.continuous[rows],
            self.categorical[rows],
            tuple((codes[rows], weights[rows]) for codes, weights in self.bags),
            tuple(vector[rows] for vector in self.vectors),
            self.present[rows],
        )
