"""The fields every variant has: ids, side tables, and counts and means of user and item."""

from collections.abc import Sequence

import pyarrow as pa
import pyarrow.compute as pc

from embedding_features.errors import DataError
from ranking.encoding import flat_array
from ranking.field_specs import AnyField, CategoricalSpec, DenseSpec, MultivaluedSpec
from ranking.tables import column_types, connect, quoted
from ranking.task import SIDES, Side, Task


def id_specs() -> list[AnyField]:
    """``user_id`` and ``item_id``."""
    return [
        CategoricalSpec(name=f"{side}_id", side=side, column=f"{side}_id", identity=True, keys=True)
        for side in SIDES
    ]


def level_specs(columns: Sequence[str]) -> list[AnyField]:
    """The columns of :func:`ranking.baseline.history_features` but the residual; counts as logs."""
    return [
        DenseSpec(
            name=name,
            group="counts",
            column=name,
            transform="log1p" if name.endswith("_events") else "none",
        )
        for name in columns
        if name != "residual"
    ]


def side_specs(task: Task, side: Side) -> list[AnyField]:
    """The columns of a side's table, as :func:`side_columns` names them."""
    table = task.side(side).table
    if table is None:
        return []
    return [
        *(DenseSpec(name=f"{side}_{c}", column=f"{side}_{c}") for c in table.continuous),
        *(CategoricalSpec(name=f"{side}_{c}", side=side, column=f"{side}_{c}") for c in table.categorical),
        *(MultivaluedSpec(name=f"{side}_{c}", side=side, column=f"{side}_{c}") for c in table.multivalued),
    ]


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


def side_columns(task: Task, side: Side, table: pa.Table, ids: pa.Array) -> dict[str, pa.ChunkedArray]:
    """``<side>_<column>`` of a side's table for each id; null where the table lacks the id.

    Raises:
        DataError: when ids and keys are of different types.
    """
    spec = task.side(side).table
    if table["key"].type != ids.type:
        raise DataError(
            f"{spec.path if spec else side}: key {spec.key if spec else 'key'!r} is {table['key'].type}, the "
            f"log's {side} ids are {ids.type}",
            fix="write both as integers, or both as strings",
        )
    joined = table.take(pc.index_in(ids, value_set=flat_array(table["key"])))
    return {f"{side}_{name}": joined[name] for name in table.column_names if name != "key"}


def tags(task: Task, items: pa.Table | None) -> dict[str, pa.Table]:
    """Each multi-valued column of the items as pairs of ``item_id`` and ``tag``."""
    if items is None or task.item.table is None:
        return {}
    found = {}
    for column in task.item.table.multivalued:
        values = flat_array(items[column])
        parents = flat_array(items["key"]).take(pc.list_parent_indices(values))
        pairs = pa.table({"item_id": parents, "tag": pc.list_flatten(values)})
        found[column] = pairs.group_by(["item_id", "tag"]).aggregate([])
    return found
