"""The rows of a source that were known at a moment, typed and counted, file by file."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any

from embedding_features.sources.columns import Expression, id_sql, may_misfit
from embedding_features.sources.moment import to_microseconds
from embedding_features.sources.numbers import NumericColumn, number_sql
from embedding_features.sources.opened import Opened, fetch
from embedding_features.sources.row_flags import flagged_sql
from embedding_features.sources.source import IdType, Source
from embedding_features.sources.sql import quoted
from embedding_features.sources.times import time_sql


@dataclass(frozen=True)
class KnownRows:
    """Holds the typed rows of a source as SQL, and which of them were known at a moment.

    Attributes:
        opened: the source.
        source: its schema.
        columns: output name → column, of the ids, ``time`` and the numbers.
        numbers: output name → what it is.
        typed: SELECT of the id columns, ``time`` (µs, null if the source has none), numbers and values, and
            of each row whether it was ``known``, its ``file``, whether it is ``in_time``, and what may be
            wrong with it: ``left_out`` (by the filter), ``unclear`` (the filter is null), ``null_id``,
            ``misfit`` (an id that is none), ``misread`` (a value not of its declared type), ``mistimed`` (a
            time that cannot be read), ``header`` (a header again). What ``columns`` names is there as
            written, too, as ``raw_<output name>``.
        outputs: names of the ids, ``time`` if there is one, the numbers and the values.
    """

    opened: Opened
    source: Source
    columns: Mapping[str, str]
    numbers: Mapping[str, NumericColumn]
    typed: str
    outputs: tuple[str, ...]

    @property
    def has_time(self) -> bool:
        """Whether the source has a timestamp."""
        return "time" in self.outputs

    def fetch(self, con: Any, select: str, tail: str = "") -> list[tuple[Any, ...]]:
        """Return the rows of ``SELECT select FROM typed rows tail``."""
        return fetch(con, self.opened, f"SELECT {select} FROM ({self.typed}) {tail}")  # noqa: S608

    @property
    def kept_in_files(self) -> bool:
        """Whether reading the source again is as good as a copy: columns of Parquet files, no parameters."""
        return self.opened.is_parquet and not self.opened.parameters

    def stage(self, con: Any, table: str) -> None:
        """Make the known rows the temporary table ``table``: a view of Parquet files, else a copy."""
        columns = ", ".join(map(quoted, self.outputs))
        kind = "VIEW" if self.kept_in_files else "TABLE"
        sql = f"CREATE TEMP {kind} {quoted(table)} AS SELECT {columns} FROM ({self.typed}) WHERE known"  # noqa: S608
        fetch(con, self.opened, sql)

    def unstage(self, con: Any, table: str) -> None:
        """Drop the table or view that :meth:`stage` made."""
        con.execute(f"DROP {'VIEW' if self.kept_in_files else 'TABLE'} {quoted(table)}")

    def check_read(self, counted: int, read: int) -> None:
        """Check that a source did not change while it was read.

        Args:
            counted: known rows when they were counted.
            read: rows that were read afterwards.

        Raises:
            subject.error: when other rows were read than were counted.
        """
        if read != counted:
            raise self.opened.subject.refusal(
                f"{counted} rows were counted and {read} read",
                "build again when the source does not change, and keep random functions out of its sql",
            )


def known_rows(
    opened: Opened,
    source: Source,
    ids: Mapping[str, tuple[str, IdType]],
    as_of: datetime | None,
    numbers: Mapping[str, NumericColumn] = MappingProxyType({}),
    values: Mapping[str, Expression] = MappingProxyType({}),
) -> KnownRows:
    """Return the rows of a source, typed, with those marked that were known at a moment.

    Args:
        opened: the opened source.
        source: its schema.
        ids: output name → (column, type).
        as_of: rows later than this are not known; None: all are.
        numbers: output name → column; null where they are none, and for NaN and infinite.
        values: output name → SQL expression.

    Raises:
        subject.error: when a column is missing or of a type that the rules refuse.
    """
    typed = {name: id_sql(opened, column, type_) for name, (column, type_) in ids.items()}
    checked = [n for n, (column, type_) in ids.items() if may_misfit(opened, column, type_)]
    columns = {name: column for name, (column, _) in ids.items()}
    if source.timestamp is not None:
        typed["time"], columns["time"] = time_sql(opened, source), source.timestamp
    for name, number in numbers.items():
        typed[name] = number_sql(opened, number)
        columns[name] = number.column
    typed |= values
    groups = [
        flagged_sql(group, source.filter, columns, tuple(ids), typed, checked) for group in opened.groups
    ]
    in_time = "true"
    if source.timestamp is not None:
        in_time = (
            "time IS NOT NULL" if as_of is None else f"coalesce(time <= {to_microseconds(as_of)}, false)"
        )
    flags = f"{in_time} AS in_time, NOT (left_out OR null_id) AND {in_time} AS known"
    sql = f"SELECT *, {flags} FROM ({' UNION ALL '.join(groups)})"  # noqa: S608 - made of quoted names
    return KnownRows(opened, source, columns, numbers, sql, tuple(typed))
