"""Attributes that relations join nodes with, as entries of a sparse matrix."""

from typing import Literal, Self

import numpy as np
import pyarrow as pa

from embedding_features.config import Config
from embedding_features.encoders.features.columns import Entries
from embedding_features.errors import GraphError
from embedding_features.graph.node_features import Attributes
from embedding_features.ids import RowsById


class AttributeColumns(Config):
    """Gives each attribute a column of its own; a node's attributes count alike and sum to 1.

    (As Kipf & Welling, ICLR 2017, section 5.2, do with words.) An attribute that no node of training had is
    left out.

    Attributes:
        name: of the relation.
        ids: of the attributes, in the order of their columns.
    """

    kind: Literal["attributes"] = "attributes"
    name: str
    ids: tuple[int, ...] | tuple[str, ...]

    @property
    def width(self) -> int:
        """The number of columns."""
        return len(self.ids)

    @classmethod
    def fit(cls, name: str, attributes: Attributes) -> Self:
        """Return the rule of a relation."""
        had = np.unique(attributes.has.indices)
        return cls(name=name, ids=tuple(attributes.ids.take(pa.array(had)).to_pylist()))

    def entries(self, attributes: Attributes) -> Entries:
        """Return the entries of the nodes of a relation.

        Raises:
            GraphError: when its ids are of another type than those of training.
        """
        own = pa.array(self.ids, attributes.ids.type if not self.ids else None)
        if own.type != attributes.ids.type:
            raise GraphError(
                f"attributes {self.name!r} have ids of {attributes.ids.type}, in training {own.type}",
                fix="give the relation ids of the same type",
            )
        has = attributes.has.merged("last")
        column = RowsById(own).find(attributes.ids)[has.indices]
        known = column >= 0
        rows = has.sources()[known].astype(np.int64)
        counts = np.maximum(np.bincount(rows, minlength=has.rows), 1)
        return Entries(rows, column[known], (1 / counts[rows]).astype(np.float32))
