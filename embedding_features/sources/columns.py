"""How a column becomes ids, times or numbers: one SQL expression for each accepted type.

Typed values of other engines are cast, exactly or not at all. CSV text is parsed by patterns of ours first: a
cast of DuckDB's would take 1.5, 1e3 and 0x1F for integers, and what it cannot read in two ways it guesses.
A value that does not parse becomes null where its text is none; :mod:`.known_rows` counts these.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from embedding_features.sources.kinds import (
    INTEGERS,
    WIDE_INTEGERS,
    is_integer,
    is_number,
    is_text,
    widened,
)
from embedding_features.sources.opened import NOTHING, TEXT, FileGroup, Opened
from embedding_features.sources.source import IdType
from embedding_features.sources.sql import literal, quoted

#: the SQL of a value in one part
Expression = Callable[[FileGroup], str]

_INTEGER = "0|-?[1-9][0-9]*"
_NUMBER = r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?"


@dataclass(frozen=True)
class Number:
    """A column of numbers.

    Attributes:
        column: its name.
        what: what one is in errors, e.g. ``"weight"``.
        type: FLOAT or DOUBLE.
        optional: whether null and NaN may stand there.
        booleans: whether false and true count as 0 and 1.
    """

    column: str
    what: str
    type: Literal["FLOAT", "DOUBLE"] = "FLOAT"
    optional: bool = False
    booleans: bool = False


def integer_text_sql(name: str) -> str:
    """CSV text as BIGINT: plain decimal digits without a leading zero, and nothing else."""
    return f"CASE WHEN regexp_full_match({name}, {literal(_INTEGER)}) THEN TRY_CAST({name} AS BIGINT) END"


def number_text_sql(name: str, decimal: str) -> str:
    """CSV text as DOUBLE; null also for NaN."""
    point = name if decimal == "." else f"replace({name}, {literal(decimal)}, '.')"
    clean = f"{name} NOT LIKE '%.%' AND " if decimal != "." else ""
    matches = f"{clean}regexp_full_match({point}, {literal(_NUMBER)})"
    return f"CASE WHEN {matches} THEN TRY_CAST({point} AS DOUBLE) END"


def id_type(opened: Opened, column: str) -> IdType:
    """What a column's ids are where nobody says: integers or text.

    Raises:
        subject.error: when they are neither, or one in one file and the other in another.
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
    """The ids of ``column`` as BIGINT or VARCHAR; null where they do not fit int64.

    Raises:
        subject.error: when the column's type in some file is not what is said.
    """
    for kind, part in opened.kinds(column).items():
        fits = is_integer(kind) or kind == TEXT if type_ == "int64" else is_text(kind)
        if not fits:
            raise opened.subject.refusal(
                f"column {column!r} is {kind}{opened.where(part)}, and its node type says {type_}",
                "change the id's type, or cast the column in an sql source",
            )

    def sql(part: FileGroup) -> str:
        kind, name = part.kinds[column], quoted(column)
        if type_ == "string" or kind == NOTHING:
            return f"{name}::{'VARCHAR' if type_ == 'string' else 'BIGINT'}"
        if kind in INTEGERS:
            return f"{name}::BIGINT"
        return integer_text_sql(name) if kind == TEXT else f"TRY_CAST({name} AS BIGINT)"

    return sql


def may_misfit(opened: Opened, column: str, type_: IdType) -> bool:
    """Whether an id of ``column`` can be no int64."""
    return type_ == "int64" and any(kind == TEXT or kind in WIDE_INTEGERS for kind in opened.kinds(column))


def number_sql(opened: Opened, number: Number) -> Expression:
    """The numbers of a column as FLOAT or DOUBLE; null where they are none, or not finite.

    Raises:
        subject.error: when the column is not numeric in some file.
    """
    for kind, part in opened.kinds(number.column).items():
        if not (kind == TEXT or is_number(kind) or (number.booleans and kind == "BOOLEAN")):
            raise opened.subject.refusal(
                f"{number.what} {number.column!r} is {kind}{opened.where(part)}",
                "use a number, or cast it in an sql source",
            )

    def sql(part: FileGroup) -> str:
        name = quoted(number.column)
        if part.kinds[number.column] == TEXT:
            name = number_text_sql(name, part.dialect.decimal if part.dialect else ".")
        value = f"TRY_CAST({name} AS {number.type})"
        return f"CASE WHEN isfinite({value}) THEN {value} END"

    return sql


def unfit_sql(name: str, number: Number) -> str:
    """Whether a row's number ``name`` of :class:`.known_rows.KnownRows` is none, though there must be one."""
    if not number.optional:
        return f"{name} IS NULL"
    return (
        f"({name} IS NULL AND raw_{name} IS NOT NULL AND NOT regexp_full_match(raw_{name}, '[+-]?(?i)nan'))"
    )


def value_sql(opened: Opened, column: str) -> Expression:
    """Any values of ``column`` as they are, in the one type that holds those of all files.

    Raises:
        subject.error: when there is no such type.
    """
    type_ = widened(opened, column)
    sql = f"{quoted(column)}::{type_}" if len(opened.parts) > 1 else quoted(column)
    return lambda _: sql
