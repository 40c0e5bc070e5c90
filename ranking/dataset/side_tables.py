"""What side tables say of users and items: columns that never change, joined to labels by their ids."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from embedding_features.arrow import flat_array
from embedding_features.errors import DataError
from embedding_features.sources.as_of_rows import known_rows
from embedding_features.sources.columns import id_type, value_sql
from embedding_features.sources.counts import count_rows
from embedding_features.sources.numbers import NumericColumn
from embedding_features.sources.open import open_source
from embedding_features.sources.opened import TEXT
from embedding_features.sources.sql import Subject, connection, quoted
from ranking.inputs.field_specs import AnyField, BagSpec, CategorySpec, NumberSpec
from ranking.task.task import SIDES, Side, Task, source_name


@dataclass(frozen=True)
class SideTables:
    """Joins the tables of a task's sides to rows with ``user_id`` and ``item_id``.

    Attributes:
        task: which names the tables.
        tables: side → its table, of :func:`side_table`; sides without one are left out.
    """

    task: Task
    tables: Mapping[Side, pa.Table]

    @classmethod
    def read(cls, task: Task) -> "SideTables":
        """Read the tables that a task names.

        Raises:
            DataError: as :func:`side_table`.
        """
        found = {side: side_table(task, side) for side in SIDES}
        return cls(task, {side: table for side, table in found.items() if table is not None})

    def columns(self, rows: pa.Table) -> list[dict[str, pa.ChunkedArray]]:
        """Return the columns of each table for each row, as :func:`side_columns`.

        Raises:
            DataError: when ids and keys are of different types.
        """
        return [
            side_columns(self.task, side, table, flat_array(rows[f"{side}_id"]))
            for side, table in self.tables.items()
        ]

    def specs(self) -> list[AnyField]:
        """Return a field of each column, in the order of the columns."""
        return [spec for side in SIDES for spec in side_specs(self.task, side)]

    def tags(self) -> dict[str, pa.Table]:
        """Return each multi-valued column of the items as pairs of ``item_id`` and ``tag``."""
        if self.task.item.table is None:
            return {}
        items, found = self.tables["item"], {}
        for column in self.task.item.table.multivalued:
            values = flat_array(items[f"item_{column}"])
            parents = flat_array(items["item_id"]).take(pc.list_parent_indices(values))
            pairs = pa.table({"item_id": parents, "tag": pc.list_flatten(values)})
            found[column] = pairs.group_by(["item_id", "tag"]).aggregate([])
        return found

    def domains(self, items: pa.Array) -> pa.Array | None:
        """Return the domain of each item id as a string; None where the task names no such column."""
        name = self.task.item.domain
        return None if name is None else self.of_items(items, name).cast(pa.string())

    def of_items(self, items: pa.Array, column: str) -> pa.Array:
        """Return a column of the items' table for each id; null where the table lacks the id.

        Raises:
            DataError: when ids and keys are of different types.
        """
        columns = side_columns(self.task, "item", self.tables["item"], items)
        return flat_array(columns[f"item_{column}"])


def side_specs(task: Task, side: Side) -> list[AnyField]:
    """Return a field of each column of a side's table, by the names that :func:`side_columns` gives."""
    table = task.side(side).table
    if table is None:
        return []
    return [
        *(NumberSpec(name=f"{side}_{c}", column=f"{side}_{c}") for c in table.continuous),
        *(CategorySpec(name=f"{side}_{c}", side=side, column=f"{side}_{c}") for c in table.categorical),
        *(BagSpec(name=f"{side}_{c}", side=side, column=f"{side}_{c}") for c in table.multivalued),
    ]


def side_table(task: Task, side: Side) -> pa.Table | None:
    """Read a side's table; None where the task has none.

    Returns:
        The key as ``<side>_id`` and the named columns as ``<side>_<column>``.

    Raises:
        DataError: when it cannot be read, lacks a column, or a key is null or there twice.
    """
    spec = task.side(side).table
    if spec is None:
        return None
    names = [*spec.categorical, *spec.multivalued, *spec.continuous]
    subject = Subject(f"table {source_name(spec.path)}")
    with connection() as con:
        con.execute("SET preserve_insertion_order = true")
        opened = open_source(con, spec.source, subject, Path(), None)
        key = (spec.key, task.side(side).id or id_type(opened, spec.key))
        parsed = [name for name in spec.continuous if TEXT in opened.kinds(name)]
        numbers = {
            f"{side}_{name}": NumericColumn(name, "number", "DOUBLE", optional=True) for name in parsed
        }
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
    """Return ``<side>_<column>`` of a side's table for each id; null where the table lacks the id.

    Raises:
        DataError: when ids and keys are of different types.
    """
    spec, keys = task.side(side).table, flat_array(table[f"{side}_id"])
    if keys.type != ids.type:
        raise DataError(
            f"{source_name(spec.path) if spec else side}: key {spec.key if spec else 'key'!r} is "
            f"{keys.type}, the log's {side} ids are {ids.type}",
            fix=f"write both as integers or both as strings; of CSV, say {side}: {{id: int64}}",
        )
    joined = table.take(pc.index_in(ids, value_set=keys))
    return {name: joined[name] for name in table.column_names[1:]}
