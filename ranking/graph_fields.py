"""Fields of pretrained graph features: vectors, clusters, tokens, neighbours."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from embedding_features.arrays import F32
from embedding_features.errors import DataError
from ranking.base_fields import MIN_COUNT
from ranking.encoders.codes import Vocabulary
from ranking.encoding import Lists, floats, padded_bag, vectors
from ranking.graph_columns import GraphColumns
from ranking.inputs import Bag, Categorical, Continuous, Field, Vector
from ranking.neighbour_scores import neighbour_scores
from ranking.task import Side


@dataclass(frozen=True)
class Rows:
    """What graph fields are made beside.

    Attributes:
        labels: as :func:`ranking.labels.load_labels` returns them.
        train: [n] bool, the rows that vocabularies come from.
        residual: [n] of the labels (:func:`ranking.baseline.history_features`).
        ids: the vocabularies of users and items, which neighbours share.
    """

    labels: pa.Table
    train: np.ndarray[tuple[int], np.dtype[np.bool_]]
    residual: pa.ChunkedArray
    ids: dict[Side, Vocabulary]


def graph_fields(rows: Rows, table: pa.Table, columns: GraphColumns) -> list[Field]:
    """The fields of one view.

    Raises:
        DataError: when the view lacks a feature, or vectors or token lists differ in length.
    """
    make = {"vector": _vector, "clusters": _clusters, "tokens": _tokens, "neighbours": _neighbours}
    return make[columns.kind](rows, table, columns)


def dot_fields(vectors_of: list[Vector]) -> list[Field]:
    """Dot product and cosine of user and item, for each pair of vectors of one family and dim.

    NaN where one of the two is missing.
    """
    users = {field.name.removesuffix("user_vector"): field for field in vectors_of if field.side == "user"}
    fields: list[Field] = []
    for item in (field for field in vectors_of if field.side == "item"):
        family = item.name.removesuffix("item_vector")
        user = users.get(family)
        if user is None or user.table.shape[1] != item.table.shape[1]:
            continue
        dot: F32 = np.einsum("nd,nd->n", user.values, item.values)
        length: F32 = _lengths(user) * _lengths(item)
        both = user.present & item.present & (length > 0)
        cosine = np.divide(dot, length, out=np.full_like(dot, np.nan), where=both)
        fields.append(Continuous(f"{family}dot", "dense", np.where(both, dot, np.nan).astype(np.float32)))
        fields.append(Continuous(f"{family}cosine", "dense", cosine))
    return fields


def _lengths(field: Vector) -> F32:
    lengths: F32 = np.linalg.norm(field.table, axis=1)[field.rows]
    return lengths


def _column(table: pa.Table, columns: GraphColumns, feature: str) -> pa.ChunkedArray:
    if feature not in columns.features:
        raise DataError(
            f"view {columns.prefix}_{columns.kind} came without {feature!r}",
            fix="ask the store for the whole view",
        )
    return table[columns.features[feature]]


def _vector(rows: Rows, table: pa.Table, columns: GraphColumns) -> list[Field]:  # noqa: ARG001
    name = f"{columns.prefix}_vector"
    values, present = vectors(name, _column(table, columns, "vector"))
    return [Vector.of(name, "dense", columns.side, values, present)]


def _clusters(rows: Rows, table: pa.Table, columns: GraphColumns) -> list[Field]:
    lists = Lists.of(_column(table, columns, "cluster_ids"))
    weights = floats(Lists.of(_column(table, columns, "cluster_weights")).flat)
    _check_beside(columns, lists, weights)
    vocabulary = Vocabulary.fit(lists.flat.filter(pa.array(rows.train[lists.row])), MIN_COUNT)
    codes, weights = padded_bag(lists, vocabulary.encode(lists.flat), weights, lists.width)
    name = f"{columns.prefix}_clusters"
    return [Bag(name, "clusters", columns.side, name, codes, weights, vocabulary.size)]


def _tokens(rows: Rows, table: pa.Table, columns: GraphColumns) -> list[Field]:
    """One categorical field a position of each codebook."""
    fields: list[Field] = []
    for feature in sorted(columns.features):
        name = f"{columns.prefix}_{feature}"
        lists = Lists.of(table[columns.features[feature]])
        lengths = np.unique(lists.length[lists.length > 0])
        if len(lengths) > 1:
            raise DataError(f"{name}: token lists of lengths {lengths.tolist()}", fix="use one codebook only")
        for position in range(lists.width if len(lengths) else 0):
            at = lists.position == position
            values = pa.array(np.zeros(len(lists.length), np.int64), mask=lists.length == 0)
            values = pc.replace_with_mask(values, pa.array(lists.length > 0), lists.flat.filter(pa.array(at)))
            vocabulary = Vocabulary.fit(values.filter(pa.array(rows.train)), MIN_COUNT)
            field = f"{name}_{position}"
            codes = vocabulary.encode(values)
            place = f"{columns.family}_{feature}_{position}"
            fields.append(
                Categorical(field, "tokens", columns.side, field, codes, vocabulary.size, place=place)
            )
    return fields


def _neighbours(rows: Rows, table: pa.Table, columns: GraphColumns) -> list[Field]:
    """A bag of ids that shares the id's embedding, and what the log says of them."""
    ids, scores = _column(table, columns, "neighbour_ids"), _column(table, columns, "neighbour_scores")
    lists, weights = Lists.of(ids), floats(Lists.of(scores).flat)
    _check_beside(columns, lists, weights)
    vocabulary = rows.ids[columns.side]
    codes, shares = padded_bag(lists, vocabulary.encode(lists.flat), weights, lists.width)
    name, table_name = f"{columns.prefix}_neighbours", f"{columns.side}_id"
    bag = Bag(name, "neighbours", columns.side, table_name, codes, shares, vocabulary.size, identity=True)
    scored = neighbour_scores(rows.labels, rows.residual, ids, scores, columns.side)
    return [
        bag,
        *(Continuous(f"{name}_{kind}", "neighbours", floats(scored[kind])) for kind in scored.column_names),
    ]


def _check_beside(columns: GraphColumns, lists: Lists, weights: F32) -> None:
    if len(lists.flat) != len(weights):
        raise DataError(
            f"view {columns.prefix}_{columns.kind}: {len(lists.flat)} ids beside {len(weights)} weights",
            fix="publish the snapshot again",
        )
