"""The rows of a source that were known at a moment, typed and counted."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from embedding_features.errors import GraphError
from embedding_features.graph.columns import id_sql, may_misfit, time_sql
from embedding_features.graph.moment import to_microseconds
from embedding_features.graph.schema import IdType, Source
from embedding_features.graph.source import Query, duckdb_errors, quoted


@dataclass(frozen=True)
class KnownRows:
    """Typed rows of a source, and which of them were known.

    Attributes:
        query: the source.
        typed: SELECT of the id columns, ``time`` (µs, null if the source has none), the values asked for,
            ``null_id``, ``misfit`` (an id beyond int64) and ``known``.
        outputs: names of the ids, ``time`` if there is one, and the values.
    """

    query: Query
    typed: str
    outputs: tuple[str, ...]

    @property
    def has_time(self) -> bool:
        return "time" in self.outputs

    def fetch(self, con: Any, select: str, tail: str = "") -> Any:
        """The first row of ``SELECT select FROM typed rows tail``."""
        with duckdb_errors(self.query.what):
            sql = f"SELECT {select} FROM ({self.typed}) {tail}"  # noqa: S608 - made of quoted names
            return con.execute(sql, self.query.parameters).fetchone()

    @property
    def kept_in_files(self) -> bool:
        """Whether reading the source again is as good as a copy: columns of Parquet files, no parameters."""
        return self.query.is_parquet and not self.query.parameters

    def stage(self, con: Any, table: str) -> None:
        """Make the known rows the temporary table ``table``: a view of Parquet files, else a copy."""
        columns = ", ".join(map(quoted, self.outputs))
        kind = "VIEW" if self.kept_in_files else "TABLE"
        sql = f"CREATE TEMP {kind} {quoted(table)} AS SELECT {columns} FROM ({self.typed}) WHERE known"  # noqa: S608
        with duckdb_errors(self.query.what):
            con.execute(sql, self.query.parameters)

    def unstage(self, con: Any, table: str) -> None:
        """Give back what :meth:`stage` took."""
        con.execute(f"DROP {'VIEW' if self.kept_in_files else 'TABLE'} {quoted(table)}")

    def check_read(self, counted: int, read: int) -> None:
        """Refuse a source that changes while it is read.

        Raises:
            GraphError: when other rows were read than were counted.
        """
        if read != counted:
            raise GraphError(
                f"{self.query.what}: {counted} rows were counted and {read} read",
                fix="build again when the source does not change, and keep random functions out of its sql",
            )


@dataclass(frozen=True)
class Counts:
    """``read = null_ids + null_times + later + known``; ``earliest`` in µs, None without a time."""

    read: int
    null_ids: int
    null_times: int
    later: int
    known: int
    earliest: int | None


def known_rows(
    query: Query,
    source: Source,
    ids: Mapping[str, tuple[str, IdType]],
    values: Mapping[str, str],
    as_of: datetime,
) -> KnownRows:
    """Type a source's rows.

    Args:
        query: the opened source.
        source: its schema.
        ids: output name → (column, type).
        values: output name → SQL expression.
        as_of: rows later than this are not known.

    Raises:
        GraphError: when a column is missing or of a type that the rules refuse.
    """
    typed = {name: id_sql(query, column, kind) for name, (column, kind) in ids.items()}
    raw = [quoted(column) for column, _ in ids.values()]
    null_id = " OR ".join(f"{column} IS NULL" for column in raw)
    misfit = [f"{typed[name]} IS NULL" for name, (column, _) in ids.items() if may_misfit(query, column)]
    time = "NULL::BIGINT" if source.timestamp is None else time_sql(query, source)
    selected = ", ".join(f"{sql} AS {quoted(name)}" for name, sql in {**typed, **values}.items())
    in_time = "true" if source.timestamp is None else f"coalesce(time <= {to_microseconds(as_of)}, false)"
    flags = f"({null_id}) AS null_id, ({' OR '.join(misfit) or 'false'}) AS misfit"
    inner = f"SELECT {selected}, {time} AS time, {flags} FROM ({query.sql}\n)"  # noqa: S608 - quoted names
    sql = f"SELECT *, NOT null_id AND {in_time} AS known FROM ({inner})"  # noqa: S608
    outputs = (*ids, *([] if source.timestamp is None else ["time"]), *values)
    return KnownRows(query, sql, outputs)


def count_rows(con: Any, rows: KnownRows) -> Counts:
    """Count what is known and what is dropped, and why.

    Raises:
        GraphError: when a known row has an id beyond int64.
    """
    read, null_ids, null_times, later, known, earliest, misfits = rows.fetch(
        con,
        "count(*), count(*) FILTER (null_id), count(*) FILTER (NOT null_id AND time IS NULL), "
        "count(*) FILTER (NOT null_id AND time IS NOT NULL AND NOT known), count(*) FILTER (known), "
        "min(time) FILTER (NOT null_id), count(*) FILTER (known AND misfit)",
    )
    if misfits:
        raise GraphError(
            f"{rows.query.what}: {misfits} ids are beyond int64",
            fix="make the node type's id a string and cast the column in an sql source",
        )
    return Counts(read, null_ids, null_times if rows.has_time else 0, later, known, earliest)
