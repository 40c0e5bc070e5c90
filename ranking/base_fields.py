"""The fields every variant has: ids, side tables, and the history of user and item."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from embedding_features.arrays import F32, Bool
from embedding_features.errors import DataError
from ranking.encoders.codes import Vocabulary
from ranking.encoding import Lists, flat_array, floats, padded_bag
from ranking.inputs import Bag, Categorical, Continuous, Field
from ranking.tables import column_types, connect, quoted
from ranking.task import SIDES, Side, Task

#: a value seen fewer times in training is unknown
MIN_COUNT = 2


def id_vocabularies(labels: pa.Table, train: Bool) -> dict[Side, Vocabulary]:
    """The users and the items of the training rows."""
    mask = pa.array(train)
    return {side: Vocabulary.fit(flat_array(labels[f"{side}_id"]).filter(mask), MIN_COUNT) for side in SIDES}


def id_fields(labels: pa.Table, ids: dict[Side, Vocabulary]) -> list[Field]:
    """``user_id`` and ``item_id`` as codes."""
    return [
        Categorical(
            name=f"{side}_id",
            group="base",
            side=side,
            table=f"{side}_id",
            codes=ids[side].encode(flat_array(labels[f"{side}_id"])),
            size=ids[side].size,
            identity=True,
        )
        for side in SIDES
    ]


def history_fields(history: pa.Table) -> list[Field]:
    """The columns of :func:`ranking.baseline.history_features` but the residual; counts as logs."""
    fields: list[Field] = []
    for name in history.column_names:
        if name == "residual":
            continue
        values: F32 = floats(history[name])
        fields.append(Continuous(name, "base", np.log1p(values) if name.endswith("_events") else values))
    return fields


def side_table(task: Task, side: Side) -> pa.Table | None:
    """The key (as ``key``) and the named columns of a side's table; None where the task has none.

    Raises:
        DataError: when it cannot be read, lacks a column, or a key is null or there twice.
    """
    spec = task.side(side).table
    if spec is None:
        return None
    columns = [*spec.categorical, *spec.multivalued, *spec.continuous]
    with connect() as connection:
        types = column_types(connection, spec.path, [spec.key, *columns])
        key_type = "VARCHAR" if types[spec.key] == "VARCHAR" else "BIGINT"
        names = "".join(f", {quoted(column)}" for column in columns)
        table = connection.sql(
            f"SELECT CAST({quoted(spec.key)} AS {key_type}) AS key{names} FROM read_parquet($1)",  # noqa: S608
            params=[str(spec.path)],
        ).to_arrow_table()
    for column in spec.multivalued:
        if not pa.types.is_list(table.schema.field(column).type):
            raise DataError(
                f"{spec.path}: {column!r} is no column of lists", fix="split its values into lists"
            )
    if table["key"].null_count or len(table["key"].unique()) != table.num_rows:
        raise DataError(f"{spec.path}: key {spec.key!r} has a null or a duplicate", fix="keep one row a key")
    return table


def side_fields(task: Task, labels: pa.Table, side: Side, table: pa.Table, train: Bool) -> list[Field]:
    """The columns of a side's table for each label; all unknown where the table lacks the id."""
    spec = task.side(side).table
    ids = flat_array(labels[f"{side}_id"])
    if spec is None:
        return []
    if table["key"].type != ids.type:
        raise DataError(
            f"{spec.path}: key {spec.key!r} is {table['key'].type}, the log's {side} ids are {ids.type}",
            fix="write both as integers, or both as strings",
        )
    rows = pc.index_in(ids, value_set=flat_array(table["key"]))
    joined = table.take(rows)
    fields: list[Field] = [
        Continuous(f"{side}_{column}", "base", floats(joined[column])) for column in spec.continuous
    ]
    fields += [_categorical(f"{side}_{c}", side, flat_array(joined[c]), train) for c in spec.categorical]
    fields += [_bag(f"{side}_{c}", side, Lists.of(joined[c]), train) for c in spec.multivalued]
    return fields


def _categorical(name: str, side: Side, values: pa.Array, train: Bool) -> Categorical:
    vocabulary = Vocabulary.fit(values.filter(pa.array(train)), MIN_COUNT)
    return Categorical(name, "base", side, name, vocabulary.encode(values), vocabulary.size)


def _bag(name: str, side: Side, lists: Lists, train: Bool) -> Bag:
    vocabulary = Vocabulary.fit(lists.flat.filter(pa.array(train[lists.row])), MIN_COUNT)
    codes, weights = padded_bag(lists, vocabulary.encode(lists.flat), None, lists.width)
    return Bag(name, "base", side, name, codes, weights, vocabulary.size)
