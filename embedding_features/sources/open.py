"""How a source is opened: its files are found, or its statement is checked, and its columns described."""

from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb

from embedding_features.sources.csv_files import csv_groups
from embedding_features.sources.files import find_files
from embedding_features.sources.filters import checked_filter
from embedding_features.sources.opened import TEXT, FileGroup, Opened, without_nan
from embedding_features.sources.parquet_files import parquet_groups
from embedding_features.sources.source import Source
from embedding_features.sources.sql import Subject, quoted


def open_source(con: Any, source: Source, subject: Subject, folder: Path, as_of: datetime | None) -> Opened:
    """Return a source whose files were found, or its statement checked, and whose columns are known.

    Args:
        con: a connection of :func:`.connection`.
        source: where the rows are.
        subject: its name for errors, and their class.
        folder: where relative globs begin.
        as_of: bound to ``$as_of`` if the statement uses it; None where there is no such moment.

    Raises:
        subject.error: when no file matches, the SQL is not one SELECT, or DuckDB cannot read it.
    """
    parameters: dict[str, datetime] = {}
    if source.sql is not None:
        with subject.named():
            sql, parameters = _statement(con, source.sql, subject, as_of)
            kinds = {row[0]: row[1] for row in con.execute(f"DESCRIBE {sql}", parameters).fetchall()}
        groups = [FileGroup((), f"SELECT {without_nan(kinds)} FROM ({sql}\n)", kinds)]  # noqa: S608
    elif source.csv is not None:
        groups = csv_groups(find_files(source.csv, folder, subject), source.dialect, subject)
    else:
        groups = parquet_groups(con, find_files(source.parquet or "", folder, subject), subject)
    opened = Opened(subject, tuple(groups), parameters, source.parquet is not None)
    if source.filter is not None:
        parameters |= _check_filter(con, opened, source.filter, as_of)
    return opened


def _check_filter(con: Any, opened: Opened, expression: str, as_of: datetime | None) -> dict[str, datetime]:
    """Check that a filter is a condition on each group's columns, and return the parameters it binds."""
    bound: dict[str, datetime] = {}
    for group in opened.groups:
        with opened.subject.named():
            empty = ", ".join(
                f"NULL::{'VARCHAR' if kind == TEXT else kind} AS {quoted(name)}"
                for name, kind in group.kinds.items()
            )
            sql = f"SELECT * FROM (SELECT {empty}) WHERE ({expression}\n)"  # noqa: S608 - the user's own
            _, parameters = _statement(con, sql, opened.subject, as_of)
            con.execute(f"DESCRIBE {sql}", parameters)
        bound |= parameters
    checked_filter(con, opened, expression)
    return bound


def _statement(
    con: Any, sql: str, subject: Subject, as_of: datetime | None
) -> tuple[str, dict[str, datetime]]:
    statements = con.extract_statements(sql)
    if len(statements) != 1 or statements[0].type != duckdb.StatementType.SELECT:
        raise subject.refusal(f"sql and filter must make one SELECT statement, not {sql!r}")
    names = set(statements[0].named_parameters)
    known = set() if as_of is None else {"as_of"}
    if names - known:
        raise subject.refusal(
            f"unknown parameters {sorted(names)}", "only $as_of is bound" if known else "none is bound here"
        )
    return sql.strip().rstrip(";"), {"as_of": as_of} if names and as_of is not None else {}
