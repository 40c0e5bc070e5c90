"""Attributes of users and items, such as genres, which do not depend on labels."""

from dataclasses import dataclass

import numpy as np
import scipy.sparse

from embedding_features.arrays import I64
from embedding_features.errors import DataError
from embedding_features.files import safe_name
from ranking.task.task import Side


@dataclass(frozen=True)
class Attribute:
    """Relates one side's nodes to the values of one property, such as genre or age group.

    Attributes:
        side: whose property it is.
        name: of the property; features and relations are named after it.
        node: [m] rows of the side's catalogue; a node may have several values, or none.
        value: [m] what it has, 0 to ``values`` - 1.
    """

    side: Side
    name: str
    node: I64
    value: I64

    def __post_init__(self) -> None:
        safe_name(self.name, "attribute")
        if len(self.node) != len(self.value) or len(self.node) == 0:
            raise DataError(f"attribute {self.name}: {len(self.node)} nodes beside {len(self.value)} values")
        if min(self.node.min(), self.value.min()) < 0:
            raise DataError(f"attribute {self.name} has a negative node or value")

    @property
    def values(self) -> int:
        """Return how many values there are."""
        return int(self.value.max()) + 1

    def indicator(self, nodes: int) -> scipy.sparse.csr_array:
        """Return [nodes, values] 1 where a node has a value.

        Raises:
            DataError: when a node lies outside the catalogue.
        """
        if self.node.max() >= nodes:
            raise DataError(f"attribute {self.name} names node {self.node.max()} of a catalogue of {nodes}")
        shape = (nodes, self.values)
        matrix = scipy.sparse.csr_array((np.ones(len(self.node)), (self.node, self.value)), shape=shape)
        matrix.sum_duplicates()
        matrix.data[:] = 1
        return matrix
