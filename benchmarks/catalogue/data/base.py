"""What a data set is to a row: a graph to learn from, and what the vectors are judged by."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Generic, TypeVar

import numpy as np

from embedding_features.arrays import I64
from embedding_features.graph import CSR, Graph
from embedding_features.graph.triples import TripleArrays

#: the moment of graphs whose edges have no time
AS_OF = datetime(2020, 1, 1, tzinfo=UTC)

#: what is asked of the vectors
T = TypeVar("T")


@dataclass(frozen=True)
class Data(Generic[T]):
    """Holds a graph and what is asked of vectors that were learned from it."""

    graph: Graph
    asked: T


@dataclass(frozen=True)
class Labels:
    """Holds the labels of nodes of one type.

    Attributes:
        node_type: of the nodes.
        ids: [n] of the labelled nodes.
        has: [n, labels] which labels each has.
    """

    node_type: str
    ids: I64
    has: CSR


@dataclass(frozen=True)
class Triples:
    """Holds triples to rank, in rows of the graph's vocabulary.

    Attributes:
        node_type: of all nodes.
        splits: name → triples, those of training among them; relation k is the graph's k-th.
    """

    node_type: str
    splits: Mapping[str, TripleArrays]

    @property
    def known(self) -> TripleArrays:
        """All that are true."""
        return TripleArrays(*map(np.concatenate, zip(*self.splits.values(), strict=True)))


@dataclass(frozen=True)
class Pairs:
    """Holds held-out pairs of a relation, in rows of the graph's vocabularies."""

    relation: str
    src: I64
    dst: I64
