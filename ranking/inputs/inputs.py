"""Rows to learn from or to score: all fields of a ranker, beside the labels."""

import hashlib
from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Any, TypeVar

import numpy as np

from embedding_features.arrays import F32, I64, AnyArray
from ranking.inputs.fields import Bag, Category, History, Number, Vector

Field = Number | Category | Bag | Vector | History
FieldT = TypeVar("FieldT", Number, Category, Bag, Vector, History)


def arrays_of(field: Field) -> dict[str, AnyArray]:
    """Return the arrays of a field by attribute: rows of the data, and the ``table`` they share."""
    return {name: value for name, value in vars(field).items() if isinstance(value, np.ndarray)}


def take_rows(field: Field, rows: I64 | slice) -> Field:
    """Return some rows of a field in that order; its table is shared.

    Args:
        field: of n rows.
        rows: which are copied; of a slice they are views.
    """
    taken: dict[str, Any] = {name: v[rows] for name, v in arrays_of(field).items() if name != "table"}
    return replace(field, **taken)


@dataclass(frozen=True)
class Inputs:
    """Holds rows to learn from or to score.

    Attributes:
        label: [n] of 0 and 1. A training row that only aligns domains has none: NaN.
        fields: in a fixed order.
        group: [n] code of the user or request whose rows are ranked against each other; None: all in one.
        domain: [n] 0 of the source, 1 of the target; None: there is one domain.
    """

    label: F32
    fields: tuple[Field, ...]
    group: I64 | None = None
    domain: I64 | None = None

    def __len__(self) -> int:
        return len(self.label)

    def of(self, kind: type[FieldT]) -> tuple[FieldT, ...]:
        """Return the fields of one kind."""
        return tuple(field for field in self.fields if isinstance(field, kind))

    def select(self, names: Collection[str]) -> "Inputs":
        """Return the inputs with the fields of some names only; arrays are shared."""
        return replace(self, fields=tuple(field for field in self.fields if field.name in names))

    def take(self, rows: I64 | slice) -> "Inputs":
        """Return some rows, in that order, as :func:`take_rows` does for each field."""
        return Inputs(
            self.label[rows],
            tuple(take_rows(field, rows) for field in self.fields),
            None if self.group is None else self.group[rows],
            None if self.domain is None else self.domain[rows],
        )

    def labelled(self) -> "Inputs":
        """Return the rows that have a label: the inputs themselves where all have one."""
        unlabelled = np.isnan(self.label)
        return self.take(np.flatnonzero(~unlabelled)) if unlabelled.any() else self

    def layout(self) -> tuple[tuple[Any, ...], ...]:
        """Return what two inputs must agree in to go through one ranker: all of every field but its rows."""
        return tuple(
            (
                field.layout_name,
                *(v for v in vars(field).values() if not isinstance(v, np.ndarray)),
                *(v.shape[1:] for v in arrays_of(field).values()),
            )
            for field in self.fields
        )

    def fingerprint(self) -> str:
        """Return the SHA-256 (hex) of the layout and of every value."""
        digest = hashlib.sha256(repr(self.layout()).encode())
        beside = [array for array in (self.group, self.domain) if array is not None]
        for array in (self.label, *beside, *(v for f in self.fields for v in arrays_of(f).values())):
            digest.update(np.ascontiguousarray(array).reshape(-1).view(np.uint8).data)
        return digest.hexdigest()
