"""Typed columns of numbers and codes: numpy arrays, never objects."""

from dataclasses import dataclass
from typing import Literal

from embedding_features.arrays import F32, I32, I64
from ranking.task.task import Side

#: what a ranker knows without pretrained vectors: ids and side tables (``base``), counts and means of the
#: log, item-kNN scores of the log (``knn``); then what is pretrained
Group = Literal["base", "counts", "knn", "dense", "clusters", "tokens", "neighbours"]


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
        key: [n] the raw id where it is an integer, else a 64-bit hash of it; a deep hash embedding tells
            ids apart by it that share the unknown code. None: nobody needs it.
    """

    name: str
    group: Group
    side: Side
    table: str
    codes: I32
    size: int
    identity: bool = False
    place: str = ""
    key: I64 | None = None


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
