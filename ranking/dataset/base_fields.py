"""The fields every variant has: ids, side tables, and counts and means of user and item."""

from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from embedding_features.errors import DataError
from embedding_features.sources.as_of_rows import known_rows
from embedding_features.sources.columns import id_type, value_sql
from embedding_features.sources.counts import count_rows
from embedding_features.sources.numbers import Number
from embedding_features.sources.open import open_source
from embedding_features.sources.opened import TEXT
from embedding_features.sources.sql import Subject, connection, quoted
from ranking.inputs.arrow import flat_array
from ranking.inputs.field_specs import AnyField, BagSpec, CategorySpec, NumberSpec
from ranking.task.task import SIDES, Side, Task, said


def id_specs() -> list[AnyField]:
    """``user_id`` and ``item_id``."""
    return [
        CategorySpec(name=f"{side}_id", side=side, column=f"{side}_id", identity=True, keys=True)
        for side in SIDES
    ]


def level_specs(columns: Sequence[str]) -> list[AnyField]:
    """The columns of :func:`.history_features` but the residual; counts as logs."""
    return [
        NumberSpec(
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
        *(NumberSpec(name=f"{side}_{c}", column=f"{side}_{c}") for c in table.continuous),
        *(CategorySpec(name=f"{side}_{c}", side=side, column=f"{side}_{c}") for c in table.categorical),
        *(BagSpec(name=f"{side}_{c}", side=side, column=f"{side}_{c}") for c in table.multivalued),
    ]


def side_table(task: Task, side: Side) -> pa.Table | None:
    """The key as ``<side>_id`` and the named columns as ``<side>_<column>``; None where the task has none.

    Raises:
        DataError: when it cannot be read, lacks a column, or a key is null or there twice.
    """
    spec = task.side(side).table
    if spec is None:
        return None
    names = [*spec.categorical, *spec.multivalued, *spec.continuous]
    subject = Subject(f"table {said(spec.path)}")
    with connection() as con:
        con.execute("SET preserve_insertion_order = true")
        opened = open_source(con, spec.source, subject, Path(), None)
        key = (spec.key, task.side(side).id or id_type(opened, spec.key))
        parsed = [name for name in spec.continuous if TEXT in opened.kinds(name)]
        numbers = {f"{side}_{name}": Number(name, "number", "DOUBLE", optional=True) for name in parsed}
        values = {f"{side}_{name}": value_sql(opened, name) for name in names if name not in parsed}
        if "id" in names:
            raise subject.refusal(f"a column called 'id' would be {side}_id, as its key is", "rename it")
        rows = known_rows(opened, spec.source, {f"{side}_id": key}, None, numbers, values)
        count_rows(con, rows)
        columns = ", ".join(quoted(f"{side}_{name}") for name in ("id", *names))
        with subject.named():
            sql = f"SELECT {columns} FROM ({rows.typed}) WHERE NOT left_out"  # noqa: S608 - quoted names
            table = con.sql(sql, params=opened.parameters).to_arrow_table()
    for name in spec.multivalued:
        if not pa.types.is_list(table.schema.field(f"{side}_{name}").type):
            raise subject.refusal(f"{name!r} is no column of lists", "split its values into lists")
    keys = table[f"{side}_id"]
    if keys.null_count or len(keys.unique()) != table.num_rows:
        raise subject.refusal(f"key {spec.key!r} has a null or a duplicate", "keep one row a key")
    return table


def side_columns(task: Task, side: Side, table: pa.Table, ids: pa.Array) -> dict[str, pa.ChunkedArray]:
    """``<side>_<column>`` of a side's table for each id; null where the table lacks the id.

    Raises:
        DataError: when ids and keys are of different types.
    """
    spec, keys = task.side(side).table, flat_array(table[f"{side}_id"])
    if keys.type != ids.type:
        raise DataError(
            f"{said(spec.path) if spec else side}: key {spec.key if spec else 'key'!r} is {keys.type}, the "
            f"log's {side} ids are {ids.type}",
            fix=f"write both as integers or both as strings; of CSV, say {side}: {{id: int64}}",
        )
    joined = table.take(pc.index_in(ids, value_set=keys))
    return {name: joined[name] for name in table.column_names[1:]}


def tags(task: Task, items: pa.Table | None) -> dict[str, pa.Table]:
    """Each multi-valued column of the items as pairs of ``item_id`` and ``tag``."""
    if items is None or task.item.table is None:
        return {}
    found = {}
    for column in task.item.table.multivalued:
        values = flat_array(items[f"item_{column}"])
        parents = flat_array(items["item_id"]).take(pc.list_parent_indices(values))
        pairs = pa.table({"item_id": parents, "tag": pc.list_flatten(values)})
        found[column] = pairs.group_by(["item_id", "tag"]).aggregate([])
    return found
