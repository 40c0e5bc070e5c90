"""How a column becomes ids or values: one SQL expression for each accepted type.

Typed values of other engines are cast, exactly or not at all. CSV text is parsed by patterns of ours first: a
cast of DuckDB's would take 1.5, 1e3 and 0x1F for integers, and what it cannot read in two ways it guesses.
A value that does not parse becomes null where its text is none; :mod:`.as_of_rows` marks these rows, and
:mod:`.counts` counts them.
"""

from collections.abc import Callable

from embedding_features.sources.kinds import (
    INTEGERS,
    WIDE_INTEGERS,
    is_integer,
    is_text,
    widened,
)
from embedding_features.sources.opened import NOTHING, TEXT, FileGroup, Opened
from embedding_features.sources.source import IdType
from embedding_features.sources.sql import literal, quoted

#: the SQL of a value in one group
Expression = Callable[[FileGroup], str]

_INTEGER = "0|-?[1-9][0-9]*"


def integer_text_sql(name: str) -> str:
    """Return CSV text as BIGINT: plain decimal digits without a leading zero, and nothing else."""
    return f"CASE WHEN regexp_full_match({name}, {literal(_INTEGER)}) THEN TRY_CAST({name} AS BIGINT) END"


def id_type(opened: Opened, column: str) -> IdType:
    """Return the type of a column's ids where nobody declares it.

    Raises:
        subject.error: when they are neither integers nor text, or one in one file and the other in another.
    """
    kinds = opened.kinds(column)
    if all(is_integer(kind) for kind in kinds):
        return "int64"
    if all(is_text(kind) for kind in kinds):
        return "string"
    if len(kinds) > 1:
        raise opened.unlike(column, kinds)
    raise opened.subject.refusal(
        f"id {column!r} is {next(iter(kinds))}; ids are integers or strings", "cast it in an sql source"
    )


def id_sql(opened: Opened, column: str, type_: IdType) -> Expression:
    """Return the ids of ``column`` as BIGINT or VARCHAR; null where they do not fit int64.

    Raises:
        subject.error: when the column's type in some file is not what is said.
    """
    for kind, group in opened.kinds(column).items():
        fits = is_integer(kind) or kind == TEXT if type_ == "int64" else is_text(kind)
        if not fits:
            raise opened.subject.refusal(
                f"column {column!r} is {kind}{opened.where(group)}, and its node type says {type_}",
                "change the id's type, or cast the column in an sql source",
            )

    def sql(group: FileGroup) -> str:
        kind, name = group.kinds[column], quoted(column)
        if type_ == "string" or kind == NOTHING:
            return f"{name}::{'VARCHAR' if type_ == 'string' else 'BIGINT'}"
        if kind in INTEGERS:
            return f"{name}::BIGINT"
        return integer_text_sql(name) if kind == TEXT else f"TRY_CAST({name} AS BIGINT)"

    return sql


def may_misfit(opened: Opened, column: str, type_: IdType) -> bool:
    """Return whether an id of ``column`` may not fit int64."""
    return type_ == "int64" and any(kind == TEXT or kind in WIDE_INTEGERS for kind in opened.kinds(column))


def value_sql(opened: Opened, column: str) -> Expression:
    """Return any values of ``column`` as they are, in the one type that holds those of all files.

    Raises:
        subject.error: when there is no such type.
    """
    type_ = widened(opened, column)
    sql = f"{quoted(column)}::{type_}" if len(opened.groups) > 1 else quoted(column)
    return lambda _: sql
