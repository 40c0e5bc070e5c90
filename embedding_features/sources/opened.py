"""An opened source: which files hold which columns, as SQL that reads them, before a row is read."""

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

#: the column in which a part's rows name their file
FILE = "source file"

#: the column that shows a value of a part's row that is not of the type that its dialect declares
MISREAD = "source misread"


@dataclass(frozen=True)
class FileGroup:
    """Files of one source that hold the same columns of the same types, or the rows of a statement.

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
        """The file of a row, as SQL."""
        return quoted(FILE) if self.files else "''"

    @property
    def misread_sql(self) -> str:
        """The column and the text of a value that is not what was declared, as SQL; null where all are."""
        return quoted(MISREAD) if self.may_be_misread else 'NULL::STRUCT("column" VARCHAR, "text" VARCHAR)'


@dataclass(frozen=True)
class Opened:
    """A source whose files were found and whose columns are known.

    Attributes:
        subject: its name for errors.
        parts: all of it.
        parameters: values of its ``$`` parameters; every statement built around a part needs them.
        is_parquet: whether the rows are Parquet files'.
    """

    subject: Subject
    parts: tuple[FileGroup, ...]
    parameters: dict[str, datetime]
    is_parquet: bool

    def kind(self, part: FileGroup, column: str) -> str:
        """The type of a column of one part.

        Raises:
            subject.error: when there is no such column; the message names the file and lists those it has.
        """
        if column in part.kinds:
            return part.kinds[column]
        raise self.subject.refusal(
            f"no column {column!r}{self.where(part)}", f"name one of {list(part.kinds)}"
        )

    def where(self, part: FileGroup) -> str:
        """`` in <file>``, where a part's files are not all of the source."""
        return f" in {part.files[0]}" if len(self.parts) > 1 else ""

    def kinds(self, column: str) -> dict[str, FileGroup]:
        """The types of a column in all parts, each with the first part that has it; not those of null alone.

        Raises:
            subject.error: when a part lacks the column.
        """
        found: dict[str, FileGroup] = {}
        for part in self.parts:
            kind = self.kind(part, column)
            if kind != NOTHING:
                found.setdefault(kind, part)
        return found

    def unlike(self, column: str, kinds: Mapping[str, FileGroup]) -> Exception:
        """The error for a column whose types do not go together, with a file of each."""
        (one, first), (other, second) = list(kinds.items())[:2]
        return self.subject.refusal(
            f"column {column!r} is {one} in {first.files[0]} and {other} in {second.files[0]}",
            "write both with one type",
        )


def without_nan(kinds: Mapping[str, str]) -> str:
    """``*`` with NaN, which compares as the largest number and is a value that nobody meant, as null."""
    replaced = [
        f"CASE WHEN NOT isnan({quoted(name)}) THEN {quoted(name)} END AS {quoted(name)}"
        for name, kind in kinds.items()
        if kind in ("FLOAT", "DOUBLE")
    ]
    return f"* REPLACE ({', '.join(replaced)})" if replaced else "*"


def selected_folders(folders: Sequence[str]) -> str:
    """The columns of folders, to be selected after others."""
    return "".join(f", {folder_sql(name, FILE)} AS {quoted(name)}" for name in folders)


def fetch(con: Any, opened: Opened, sql: str) -> list[tuple[Any, ...]]:
    """The rows of a statement over an opened source."""
    with opened.subject.named():
        rows: list[tuple[Any, ...]] = con.execute(sql, opened.parameters).fetchall()
        return rows
