"""What a ranker is given: typed columns of numpy arrays, never objects, and variants of them."""

import hashlib
from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Any, Literal, TypeVar

import numpy as np

from embedding_features.arrays import F32, I32, I64, AnyArray, Bool
from embedding_features.errors import ConfigError
from ranking.task import Side

#: ``base`` is what a ranker knows without graph embeddings
Group = Literal["base", "dense", "clusters", "tokens", "neighbours"]

#: variant of the ablation → groups it adds to ``base``
VARIANTS: dict[str, tuple[Group, ...]] = {
    "none": (),
    "dense": ("dense",),
    "clusters": ("clusters",),
    "tokens": ("tokens",),
    "neighbours": ("neighbours",),
    "all": ("dense", "clusters", "tokens", "neighbours"),
}


@dataclass(frozen=True)
class Continuous:
    """A number a row: ``values`` [n], NaN unknown. Neither scaled nor filled: that is the ranker's to fit."""

    name: str
    group: Group
    values: F32


@dataclass(frozen=True)
class Categorical:
    """A code a row.

    Attributes:
        side: whose property it is.
        table: the vocabulary; fields of one table share an embedding.
        codes: [n] in [0, size); 0 is unknown, missing or too rare in training.
        identity: the id of the user or item itself, which a ranker without embeddings cannot use.
        place: a user's and an item's field of one place say the same kind of thing, such as the first
            residual token of one family; a wide part crosses fields of one group and place.
    """

    name: str
    group: Group
    side: Side
    table: str
    codes: I32
    size: int
    identity: bool = False
    place: str = ""


@dataclass(frozen=True)
class Bag:
    """A weighted set of codes a row.

    Attributes:
        codes: [n, width] in [0, size), 0 in padding and for the unknown.
        weights: [n, width] at least 0, of sum 1 a row, or 0 where nothing is known; 0 where the code is 0.
        side, table, identity: see :class:`Categorical`.
    """

    name: str
    group: Group
    side: Side
    table: str
    codes: I32
    weights: F32
    size: int
    identity: bool = False


@dataclass(frozen=True)
class Vector:
    """A pretrained vector a row: ``values`` [n, dim], zero where ``present`` [n] is false."""

    name: str
    group: Group
    side: Side
    values: F32
    present: Bool


Field = Continuous | Categorical | Bag | Vector
FieldT = TypeVar("FieldT", Continuous, Categorical, Bag, Vector)


def _take(field: Field, rows: I64) -> Field:
    taken: dict[str, Any] = {name: values[rows] for name, values in _arrays(field).items()}
    return replace(field, **taken)


def _arrays(field: Field) -> dict[str, AnyArray]:
    return {name: value for name, value in vars(field).items() if isinstance(value, np.ndarray)}


@dataclass(frozen=True)
class Inputs:
    """Rows to learn from or to score: ``label`` [n] of 0 and 1, and fields in a fixed order."""

    label: F32
    fields: tuple[Field, ...]

    def __len__(self) -> int:
        return len(self.label)

    def of(self, kind: type[FieldT]) -> tuple[FieldT, ...]:
        """The fields of one kind."""
        return tuple(field for field in self.fields if isinstance(field, kind))

    def variant(self, name: str) -> "Inputs":
        """The fields of a variant (:data:`VARIANTS`); arrays are shared.

        Raises:
            ConfigError: when there is no such variant.
        """
        if name not in VARIANTS:
            raise ConfigError(f"no variant {name!r}", fix=f"name one of {', '.join(VARIANTS)}")
        return self.select({"base", *VARIANTS[name]})

    def select(self, groups: Collection[str]) -> "Inputs":
        """The fields of some groups."""
        return replace(self, fields=tuple(field for field in self.fields if field.group in groups))

    def take(self, rows: I64) -> "Inputs":
        """Some rows, in that order, copied."""
        fields = tuple(_take(field, rows) for field in self.fields)
        return Inputs(self.label[rows], fields)

    def layout(self) -> tuple[tuple[Any, ...], ...]:
        """What two inputs must agree in to go through one ranker: all of every field but its rows."""
        return tuple(
            (
                type(field).__name__,
                *(v for v in vars(field).values() if not isinstance(v, np.ndarray)),
                *(v.shape[1:] for v in _arrays(field).values()),
            )
            for field in self.fields
        )

    def fingerprint(self) -> str:
        """SHA-256 (hex) of the layout and of every value."""
        digest = hashlib.sha256(repr(self.layout()).encode())
        digest.update(self.label.tobytes())
        for field in self.fields:
            for values in _arrays(field).values():
                digest.update(np.ascontiguousarray(values).data)
        return digest.hexdigest()
