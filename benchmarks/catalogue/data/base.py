"""What a data set is to a row: a graph to learn from, and what the vectors are judged by."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Generic, TypeVar

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
    """Holds triples to rank; nodes are named by their ids, which are 0 … ``nodes`` − 1.

    Attributes:
        node_type: of all nodes.
        nodes: how many there are.
        relations: names; relation k of the triples is the k-th.
        test: to rank.
        known: all that are true, those of training, validation and test.
    """

    node_type: str
    nodes: int
    relations: tuple[str, ...]
    test: TripleArrays
    known: TripleArrays


@dataclass(frozen=True)
class Pairs:
    """Holds held-out pairs of a relation, in rows of the graph's vocabularies."""

    relation: str
    src: I64
    dst: I64
