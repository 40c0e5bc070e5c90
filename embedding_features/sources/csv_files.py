"""CSV files, read as text by a dialect that was declared and not guessed.

DuckDB parses the lines, strictly; the header is read here, so that columns are matched by name from file to
file, and a file that lacks one is known before anything is read.
"""

import csv
from collections.abc import Sequence

from embedding_features.sources.columns import integer_text_sql
from embedding_features.sources.csv_lines import read_lines
from embedding_features.sources.folders import folder_columns
from embedding_features.sources.kinds import DECLARED
from embedding_features.sources.numbers import number_text_sql
from embedding_features.sources.opened import FILE, MISREAD, TEXT, FileGroup, selected_folders
from embedding_features.sources.source import Dialect, TextType
from embedding_features.sources.sql import Subject, literal, literals, quoted


def csv_groups(files: Sequence[str], dialect: Dialect, subject: Subject) -> list[FileGroup]:
    """Return the files in groups; within a group all have the same columns in the same order.

    Raises:
        subject.error: when a file begins with no header, or one that is not UTF-8, names a column twice or
            lacks one whose type is declared.
    """
    groups: dict[tuple[tuple[str, ...], tuple[str, ...]], list[str]] = {}
    for path in files:
        columns = dialect.columns or _header(path, dialect, subject)
        unknown = [name for name in dialect.types if name not in columns]
        if unknown:
            raise subject.refusal(
                f"{path} has no column {unknown[0]!r} of dialect: types", f"name one of {columns}"
            )
        groups.setdefault((columns, folder_columns(path, columns)), []).append(path)
    return [_group(columns, folders, paths, dialect) for (columns, folders), paths in groups.items()]


def _group(
    columns: tuple[str, ...], folders: tuple[str, ...], files: list[str], dialect: Dialect
) -> FileGroup:
    declared = dialect.types
    typed = {name: _declared_sql(quoted(name), kind, dialect) for name, kind in declared.items()}
    replaced = ", ".join(f"{sql} AS {quoted(name)}" for name, sql in typed.items())
    misread = " ".join(
        f"WHEN {quoted(name)} IS NOT NULL AND {sql} IS NULL "
        f"THEN {{'column': {literal(name)}, 'text': {quoted(name)}}}"
        for name, sql in typed.items()
    )
    selected = f"* REPLACE ({replaced}), CASE {misread} END AS {quoted(MISREAD)}" if declared else "*"
    selected += selected_folders(folders)
    kinds = {name: DECLARED[declared[name]] if name in declared else TEXT for name in columns}
    sql = f"SELECT {selected} FROM read_csv({literals(files)}, {_read_options(columns, dialect)})"  # noqa: S608 - literals
    kinds |= dict.fromkeys(folders, TEXT)
    return FileGroup(tuple(files), sql, kinds, dialect, may_be_misread=bool(declared), folders=folders)


def _read_options(columns: tuple[str, ...], dialect: Dialect) -> str:
    """Return the arguments of DuckDB's ``read_csv`` by which it reads text and guesses nothing."""
    named = ", ".join(f"{literal(name)}: 'VARCHAR'" for name in columns)
    options = {
        "auto_detect": "false",
        "header": "false" if dialect.columns else "true",
        "columns": f"{{{named}}}",
        "delim": literal(dialect.delimiter),
        "quote": literal(dialect.quote),
        "escape": literal(dialect.escape if dialect.quote else ""),
        "nullstr": literals(dialect.null),
        "strict_mode": "true",
        "filename": literal(FILE),
        "hive_partitioning": "false",
    }
    return ", ".join(f"{name} = {value}" for name, value in options.items())


def _declared_sql(name: str, kind: TextType, dialect: Dialect) -> str:
    if kind == "int64":
        return integer_text_sql(name)
    if kind == "double":
        return number_text_sql(name, dialect.decimal)
    return f"CASE lower({name}) WHEN 'true' THEN true WHEN 'false' THEN false END"


def _header(path: str, dialect: Dialect, subject: Subject) -> tuple[str, ...]:
    """Return the names in the first row of a file, which may be compressed."""
    try:
        _, row = next(read_lines(path, dialect), (1, []))
        "".join(row).encode()
    except (OSError, UnicodeError, csv.Error) as error:
        raise subject.refusal(
            f"{path} cannot be read as UTF-8 text: {error}", "write it as UTF-8, and say its dialect:"
        ) from None
    _check_header(path, row, subject)
    return tuple(row)


def _check_header(path: str, row: list[str], subject: Subject) -> None:
    if not row:
        raise subject.refusal(f"{path} does not begin with a header row", "write one, or remove the file")
    lower = [name.lower() for name in row]
    for name in row:
        if not name.strip():
            raise subject.refusal(f"{path} has a column without a name in its header {row}", "name it")
        if lower.count(name.lower()) > 1:
            raise subject.refusal(
                f"{path} names the column {name!r} twice", "rename one; upper and lower case do not count"
            )
