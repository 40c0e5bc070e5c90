"""A task's labels, split by time, in an order that never changes."""

import logging
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from embedding_features.errors import DataError
from embedding_features.sources.as_of_rows import known_rows
from embedding_features.sources.columns import id_type
from embedding_features.sources.counts import count_rows
from embedding_features.sources.numbers import NumericColumn
from embedding_features.sources.open import open_source
from embedding_features.sources.opened import fetch
from embedding_features.sources.sql import Subject, connection
from ranking.task.task import PARTS, SIDES, MomentSplit, Task, source_name

_LOG = logging.getLogger(__name__)

LABELS = pa.schema(
    [
        ("row", pa.int64()),
        ("user_id", pa.int64()),
        ("item_id", pa.int64()),
        ("timestamp", pa.timestamp("us", tz="UTC")),
        ("label", pa.float32()),
        ("split", pa.string()),
    ]
)
"""Columns of :func:`load_labels`; an id column is of strings where the log has strings."""


def load_labels(task: Task) -> pa.Table:
    """Read the rows of :data:`LABELS`, ordered by timestamp, user, item; ``row`` counts them from 0.

    Rows alike in user, item, timestamp and label are one event, kept once and counted in the log.

    Raises:
        DataError: when the log cannot be read; a column is missing or of another type; an id, timestamp or
            label value is null; one user, item and moment has both labels; or a part of the split is empty
            or has one class.
    """
    with connection() as con:
        _read(con, task)
        _check_rows(con, source_name(task.log))
        validation, test = _borders(con, task)
        table = con.sql(
            "SELECT row_number() OVER (ORDER BY ts, user_id, item_id) - 1 AS row, user_id, item_id, ts, "
            "label, CASE WHEN ts < $1 THEN 'train' WHEN ts < $2 THEN 'validation' ELSE 'test' END AS split "
            "FROM events ORDER BY row",
            params=[validation, test],
        ).to_arrow_table()
    schema = LABELS
    for side in SIDES:
        position = schema.get_field_index(f"{side}_id")
        schema = schema.set(position, pa.field(f"{side}_id", table.schema.field(f"{side}_id").type))
    moments = table["ts"].cast(schema.field("timestamp").type)
    labels = table.set_column(3, "timestamp", moments).cast(schema).combine_chunks()
    _check_split(labels)
    return labels


def entity_frame(task: Task, labels: pa.Table) -> pa.Table:
    """Return what the store is asked with: ``<node_type>_id`` of both sides and ``event_timestamp``."""
    names = [f"{task.side(side).node_type}_id" for side in SIDES]
    return labels.select(["user_id", "item_id", "timestamp"]).rename_columns([*names, "event_timestamp"])


def _read(con: duckdb.DuckDBPyConnection, task: Task) -> None:
    """Make the table ``raw`` of ids, ts (µs since 1970, UTC) and label; null where the log has null or NaN.

    Beside it, ``events`` has each row once.
    """
    source, rule = task.source, task.label
    opened = open_source(con, source, Subject(f"log {source_name(task.log)}"), Path(), None)
    ids = {
        f"{side}_id": (spec.column, spec.id or id_type(opened, spec.column))
        for side in SIDES
        for spec in (task.side(side),)
    }
    value = NumericColumn(rule.column, "label", "DOUBLE", optional=True, booleans=True)
    rows = known_rows(opened, source, ids, None, {"value": value})
    count_rows(con, rows)
    named = f"SELECT user_id, item_id, time AS ts, value >= {rule.at_least!r} AS label"
    sql = f"CREATE TABLE raw AS {named} FROM ({rows.typed}) WHERE NOT left_out"
    fetch(con, opened, sql)
    con.execute("CREATE TABLE events AS SELECT DISTINCT user_id, item_id, ts, label FROM raw")


def _count(con: duckdb.DuckDBPyConnection, sql: str) -> int:
    (found,) = con.execute(sql).fetchall()
    return int(found[0])


def _check_rows(con: duckdb.DuckDBPyConnection, name: str) -> None:
    """Check that no value is null, no event has both labels, and there are rows; warn of duplicates."""
    nulls = _count(
        con,
        "SELECT count(*) FROM raw WHERE user_id IS NULL OR item_id IS NULL OR ts IS NULL OR label IS NULL",
    )
    if nulls:
        raise DataError(
            f"{name}: {nulls} rows have a null id, timestamp or label; NaN is null", fix="filter them out"
        )
    contradictory = _count(
        con,
        "SELECT count(*) FROM (SELECT 1 FROM events GROUP BY user_id, item_id, ts HAVING count(*) > 1)",
    )
    if contradictory:
        raise DataError(
            f"{name}: {contradictory} times one user, item and moment have both labels",
            fix="keep one row for each user, item and moment",
        )
    rows = _count(con, "SELECT count(*) FROM events")
    if rows == 0:
        raise DataError(f"{name} has no rows", fix="name another file or glob")
    duplicates = _count(con, "SELECT count(*) FROM raw") - rows
    if duplicates:
        _LOG.warning("%s: %d rows said again what another row says; each was kept once", name, duplicates)


def _borders(con: duckdb.DuckDBPyConnection, task: Task) -> tuple[int, int]:
    """Return the first moments (µs) of validation and test."""
    if isinstance(task.split, MomentSplit):
        # integer arithmetic: a float of seconds would lose microseconds
        first, last = (
            pa.scalar(moment, pa.timestamp("us", tz="UTC")).value
            for moment in (task.split.validation, task.split.test)
        )
        return int(first), int(last)
    found = con.execute(
        "SELECT quantile_disc(ts, $1), quantile_disc(ts, $2) FROM events",
        [task.split.train, task.split.train + task.split.validation],
    ).fetchall()
    return int(found[0][0]), int(found[0][1])


def _check_split(labels: pa.Table) -> None:
    """Check that each part of the split has rows of both labels."""
    for part in PARTS:
        of_part = labels.filter(pc.equal(labels["split"], part))["label"]
        if len(of_part) == 0:
            raise DataError(f"the {part} part is empty", fix="move the split's borders")
        if len(of_part.unique()) == 1:
            only = of_part[0].as_py()
            raise DataError(
                f"every label of the {part} part is {only:.0f}",
                fix="move the split's borders or the label rule's threshold",
            )
