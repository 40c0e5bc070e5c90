"""The interface of recipes: figures of rows, made of their node's earlier events and of snapshots."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import ClassVar, Self

from embedding_features.arrays import F64
from embedding_features.artifact.snapshot import Snapshot
from embedding_features.fresh.walk import Walk


class Recipe(ABC):
    """Makes figures of each row of a walk; the same code does it for a log and for one request.

    Attributes:
        name: by which settings and fields know it.
    """

    name: ClassVar[str]

    @classmethod
    @abstractmethod
    def read(cls, snapshots: Sequence[Snapshot], node_type: str, other: str) -> Self | None:
        """Read what the recipe needs of some snapshots of one family.

        Args:
            snapshots: in the order of time; a walk's snapshot numbers are places in it.
            node_type: whose events there are.
            other: the node type that events are with.

        Returns:
            The recipe; None where a snapshot lacks what it needs.

        Raises:
            SnapshotError: when a file is damaged.
        """

    @abstractmethod
    def rows(self, walk: Walk) -> Mapping[str, F64]:
        """Return the figures of the wanted rows, of events strictly before each.

        Args:
            walk: the log; ``entry`` and ``own`` are rows of these snapshots' tables.

        Returns:
            Name of a figure → [n], or [n, dim] of a vector; NaN for rows that are not wanted or see no
            snapshot, and wherever nothing is known.
        """
