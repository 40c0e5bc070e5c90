"""The rules by which features of one node type become a sparse matrix."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Self

import numpy as np
import pyarrow as pa
from pydantic import Field

from embedding_features.config import Config
from embedding_features.encoders.features.attributes import AttributeColumns
from embedding_features.encoders.features.columns import (
    CategoryColumn,
    Entries,
    NumberColumn,
    TextColumn,
    is_number,
    is_text,
)
from embedding_features.encoders.features.settings import Features
from embedding_features.errors import GraphError
from embedding_features.graph.csr import CSR
from embedding_features.graph.node_features import NodeFeatures

#: a rule of one column, or of one relation to attributes
Rule = Annotated[NumberColumn | CategoryColumn | TextColumn | AttributeColumns, Field(discriminator="kind")]


class FeatureEncoding(Config):
    """Turns what is known of nodes of one type into a matrix [nodes, ``width``].

    Attributes:
        rules: of the columns and relations, whose columns follow each other.
    """

    rules: tuple[Rule, ...]

    @property
    def width(self) -> int:
        """The number of columns of all rules."""
        return sum(rule.width for rule in self.rules)

    @classmethod
    def fit(cls, features: NodeFeatures, settings: Features) -> Self:
        """Return the rules of the nodes of a training graph.

        Raises:
            GraphError: when a column that the settings name is not there, or is of a type that has no rule.
        """
        table = features.columns if features.columns is not None else pa.table({})
        names = table.column_names if settings.columns is None else settings.columns
        rules: list[Any] = [_rule(name, column, settings) for name, column in _columns(table, names).items()]
        rules += [AttributeColumns.fit(name, one) for name, one in features.attributes.items()]
        return cls(rules=tuple(rules))

    def encode(self, features: NodeFeatures) -> CSR:
        """Return the [nodes, width] matrix, with weights.

        Raises:
            GraphError: when a column or a relation is not there.
        """
        attributes = {rule.name for rule in self.rules if isinstance(rule, AttributeColumns)}
        table = features.columns if features.columns is not None else pa.table({})
        columns = _columns(table, [rule.name for rule in self.rules if rule.name not in attributes])
        missing = attributes - set(features.attributes)
        if missing:
            raise GraphError(
                f"no relation {sorted(missing)[0]!r} to attributes, which the network was trained with",
                fix="name it among the view's attributes",
            )
        found: list[Entries] = []
        for rule in self.rules:
            if isinstance(rule, AttributeColumns):
                found.append(rule.entries(features.attributes[rule.name]))
            else:
                found.append(rule.entries(columns[rule.name]))
        return self._matrix(found, _nodes(features))

    def _matrix(self, found: Sequence[Entries], nodes: int) -> CSR:
        if not found:
            return CSR(np.zeros(nodes + 1, np.int64), np.empty(0, np.int32), 0, np.empty(0, np.float32))
        starts = np.cumsum([0, *(rule.width for rule in self.rules)])
        rows, columns, values = (
            np.concatenate(parts)
            for parts in (
                [one.rows for one in found],
                [one.columns + first for one, first in zip(found, starts, strict=False)],
                [one.values for one in found],
            )
        )
        return CSR.from_edges(rows, columns, (nodes, self.width), values)


def _rule(name: str, column: pa.ChunkedArray, settings: Features) -> Any:
    if name in settings.text and is_text(column.type):
        return TextColumn(name=name, width=settings.buckets)
    if is_text(column.type) or name in settings.categories:
        return CategoryColumn.fit(name, column, settings.least)
    if is_number(column.type):
        return NumberColumn.fit(name, column)
    raise GraphError(
        f"no rule for the feature {name!r} of type {column.type}",
        fix="name the columns to read, of numbers, booleans, moments or strings",
    )


def _columns(table: pa.Table, names: Sequence[str]) -> Mapping[str, pa.ChunkedArray]:
    missing = [name for name in names if name not in table.column_names]
    if missing:
        raise GraphError(
            f"no feature {missing[0]!r} of nodes that have {table.column_names}",
            fix="name it in the schema's features",
        )
    return {name: table.column(name) for name in names}


def _nodes(features: NodeFeatures) -> int:
    if features.columns is not None:
        return int(features.columns.num_rows)
    return next(iter(features.attributes.values())).has.rows
