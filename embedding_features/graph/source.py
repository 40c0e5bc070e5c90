"""A source of rows as DuckDB SQL: files found, names quoted, values bound, errors named."""

import glob
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb

from embedding_features.errors import ConfigError, GraphError
from embedding_features.graph.schema import IdType, Source

_SQL_TYPES: Mapping[IdType, str] = {"int64": "BIGINT", "string": "VARCHAR"}


def quoted(name: str) -> str:
    """``name`` as an SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """``text`` as an SQL string."""
    return "'" + text.replace("'", "''") + "'"


@contextmanager
def connection(folder: Path, memory_limit: str | None, threads: int | None) -> Iterator[Any]:
    """A private DuckDB that spills to a temporary folder and reads relative paths from ``folder``.

    Raises:
        ConfigError: when the memory limit or the number of threads is not one.
    """
    with tempfile.TemporaryDirectory(prefix="graph-") as spill:
        settings = {
            "autoinstall_known_extensions": "false",
            "file_search_path": str(folder),
            "preserve_insertion_order": "false",
            "temp_directory": spill,
        }
        if memory_limit is not None:
            settings["memory_limit"] = memory_limit
        if threads is not None:
            settings["threads"] = str(threads)
        try:
            con = duckdb.connect(":memory:", config=settings)
        except duckdb.Error as error:
            raise ConfigError(
                f"memory limit {memory_limit!r} or threads {threads!r}: {error}",
                fix="write them as '4GB' and 2",
            ) from None
        with con:
            con.execute("SET TimeZone = 'UTC'")
            yield con


@contextmanager
def duckdb_errors(what: str) -> Iterator[None]:
    """Turn DuckDB's errors into a GraphError that begins with ``what``."""
    try:
        yield
    except duckdb.OutOfMemoryException as error:
        raise GraphError(f"{what}: {error}", fix="raise the memory limit") from None
    except duckdb.Error as error:
        raise GraphError(f"{what}: {error}") from None


@dataclass(frozen=True)
class Query:
    """A SELECT whose rows are a source's, and what is bound to it.

    Attributes:
        what: name for errors, e.g. ``"relation 'bought'"``.
        sql: the statement, without a closing semicolon.
        parameters: values of its ``$`` parameters; every statement built around it needs them.
        columns: column → DuckDB type, in order.
        is_parquet: whether the rows are Parquet files'.
    """

    what: str
    sql: str
    parameters: dict[str, datetime]
    columns: dict[str, str]
    is_parquet: bool

    def type(self, column: str) -> str:
        """The DuckDB type of ``column``.

        Raises:
            GraphError: when there is no such column; the message lists those that exist.
        """
        if column not in self.columns:
            raise GraphError(f"{self.what}: no column {column!r}", fix=f"name one of {list(self.columns)}")
        return self.columns[column]


def open_source(
    con: Any, source: Source, what: str, folder: Path, as_of: datetime, ids: Mapping[str, IdType]
) -> Query:
    """Find a source's files, or check its statement, and describe its columns.

    Args:
        con: a connection of :func:`connection`.
        source: where the rows are.
        what: name for errors.
        folder: where relative globs begin.
        as_of: bound to ``$as_of`` if the statement uses it.
        ids: id column → type; in CSV files these columns are read as that type, not as what they look like.

    Raises:
        GraphError: when no file matches, the SQL is not one SELECT, or DuckDB cannot read it.
    """
    with duckdb_errors(what):
        parameters: dict[str, datetime] = {}
        if source.parquet is not None:
            files = _files(source.parquet, folder, what)
            sql = f"SELECT * FROM read_parquet({files}, union_by_name = true)"  # noqa: S608 - literals
        elif source.csv is not None:
            files = _files(source.csv, folder, what)
            sql = f"SELECT * FROM read_csv({files}, header = true, union_by_name = true)"  # noqa: S608 - literals
            found = _describe(con, sql, parameters)
            types = ", ".join(f"{literal(c)}: {literal(_SQL_TYPES[t])}" for c, t in ids.items() if c in found)
            if types:
                sql = sql.removesuffix(")") + f", types = {{{types}}})"
        else:
            sql, parameters = _statement(con, source.sql or "", what, as_of)
        if source.filter is not None:
            sql = f"SELECT * FROM ({sql}\n) WHERE ({source.filter}\n)"  # noqa: S608 - the user's own statement
            sql, parameters = _statement(con, sql, what, as_of)
        return Query(what, sql, parameters, _describe(con, sql, parameters), source.parquet is not None)


def _files(pattern: str, folder: Path, what: str) -> str:
    full = pattern if Path(pattern).is_absolute() else str(Path(glob.escape(str(folder.resolve()))) / pattern)
    paths = sorted(path for path in glob.glob(full, recursive=True) if Path(path).is_file())  # noqa: PTH207
    if not paths:
        raise GraphError(f"{what}: no file matches {full}", fix="check the glob and its folder")
    return "[" + ", ".join(map(literal, paths)) + "]"


def _statement(con: Any, sql: str, what: str, as_of: datetime) -> tuple[str, dict[str, datetime]]:
    statements = con.extract_statements(sql)
    if len(statements) != 1 or statements[0].type != duckdb.StatementType.SELECT:
        raise GraphError(f"{what}: sql and filter must make one SELECT statement, not {sql!r}")
    names = set(statements[0].named_parameters)
    if names - {"as_of"}:
        raise GraphError(f"{what}: unknown parameters {sorted(names)}", fix="only $as_of is bound")
    return sql.strip().rstrip(";"), {"as_of": as_of} if names else {}


def _describe(con: Any, sql: str, parameters: dict[str, datetime]) -> dict[str, str]:
    return {row[0]: row[1] for row in con.execute(f"DESCRIBE {sql}", parameters).fetchall()}
