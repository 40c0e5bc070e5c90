"""Opened sources: which files hold which columns, and the SQL that reads them, before a row is read."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from embedding_features.sources.folders import folder_sql
from embedding_features.sources.source import Dialect
from embedding_features.sources.sql import Subject, quoted

#: the kind of a column of CSV text that is parsed here, by our rules and not by DuckDB's
TEXT = "TEXT"

#: the kind of a column in which a file holds nothing but null
NOTHING = '"NULL"'

#: the column in which a group's rows name their file
FILE = "source file"

#: the column that shows a value of a group's row that is not of the type that its dialect declares
MISREAD = "source misread"


@dataclass(frozen=True)
class FileGroup:
    """Holds files of one source that have the same columns of the same types, or a statement's rows.

    Attributes:
        files: their paths; none for a statement.
        sql: SELECT of all their columns, NaN as null, with :data:`FILE` where there are files and
            :data:`MISREAD` where one may be.
        kinds: column → DuckDB type; of CSV files and folders :data:`TEXT`, or what the dialect declares.
        dialect: of CSV files.
        may_be_misread: whether its dialect declares types of columns.
        folders: columns that are in the names of folders; text.
    """

    files: tuple[str, ...]
    sql: str
    kinds: Mapping[str, str]
    dialect: Dialect | None = None
    may_be_misread: bool = False
    folders: tuple[str, ...] = ()

    @property
    def file_sql(self) -> str:
        """The SQL of the file that a row is of."""
        return quoted(FILE) if self.files else "''"

    @property
    def misread_sql(self) -> str:
        """The SQL of column and text of a value that is not what was declared; null where all are."""
        return quoted(MISREAD) if self.may_be_misread else 'NULL::STRUCT("column" VARCHAR, "text" VARCHAR)'


@dataclass(frozen=True)
class Opened:
    """Holds a source whose files were found and whose columns are known.

    Attributes:
        subject: its name for errors.
        groups: all of its files, or its statement.
        parameters: values of its ``$`` parameters; every statement built around a group needs them.
        is_parquet: whether the rows are Parquet files'.
    """

    subject: Subject
    groups: tuple[FileGroup, ...]
    parameters: dict[str, datetime]
    is_parquet: bool

    def kind(self, group: FileGroup, column: str) -> str:
        """Return the DuckDB type of a column in one group.

        Raises:
            subject.error: when there is no such column; the message names the file and lists those it has.
        """
        if column in group.kinds:
            return group.kinds[column]
        raise self.subject.refusal(
            f"no column {column!r}{self.where(group)}", f"name one of {list(group.kinds)}"
        )

    def where(self, group: FileGroup) -> str:
        """Return `` in <file>`` where a group's files are not all of the source, for errors."""
        return f" in {group.files[0]}" if len(self.groups) > 1 else ""

    def kinds(self, column: str) -> dict[str, FileGroup]:
        """Return the types of a column, each with the first group that has it; not the type of null alone.

        Raises:
            subject.error: when a group lacks the column.
        """
        found: dict[str, FileGroup] = {}
        for group in self.groups:
            kind = self.kind(group, column)
            if kind != NOTHING:
                found.setdefault(kind, group)
        return found

    def unlike(self, column: str, kinds: Mapping[str, FileGroup]) -> Exception:
        """Return the error for a column whose types do not go together, with a file of each."""
        (one, first), (other, second) = list(kinds.items())[:2]
        return self.subject.refusal(
            f"column {column!r} is {one} in {first.files[0]} and {other} in {second.files[0]}",
            "write both with one type",
        )


def without_nan(kinds: Mapping[str, str]) -> str:
    """Return ``*`` with NaN as null: it compares as the largest number, and nobody means it as a value."""
    replaced = [
        f"CASE WHEN NOT isnan({quoted(name)}) THEN {quoted(name)} END AS {quoted(name)}"
        for name, kind in kinds.items()
        if kind in ("FLOAT", "DOUBLE")
    ]
    return f"* REPLACE ({', '.join(replaced)})" if replaced else "*"


def selected_folders(folders: Sequence[str]) -> str:
    """Return the SQL of folders' columns, to be selected after others."""
    return "".join(f", {folder_sql(name, FILE)} AS {quoted(name)}" for name in folders)


def fetch(con: Any, opened: Opened, sql: str) -> list[tuple[Any, ...]]:
    """Return the rows of a statement over an opened source."""
    with opened.subject.named():
        rows: list[tuple[Any, ...]] = con.execute(sql, opened.parameters).fetchall()
        return rows
