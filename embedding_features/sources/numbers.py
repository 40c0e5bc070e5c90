"""How a column becomes numbers: SQL for each type that is accepted, finite or null.

What is none although it is not empty becomes null here, and is found by :func:`unfit_sql`.
"""

from dataclasses import dataclass
from typing import Literal

from embedding_features.sources.columns import Expression
from embedding_features.sources.kinds import is_number
from embedding_features.sources.opened import TEXT, FileGroup, Opened
from embedding_features.sources.sql import literal, quoted

_NUMBER = r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?"


@dataclass(frozen=True)
class NumericColumn:
    """Describes a column of numbers.

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


def number_text_sql(name: str, decimal: str) -> str:
    """Return CSV text as DOUBLE; null also for NaN."""
    point = name if decimal == "." else f"replace({name}, {literal(decimal)}, '.')"
    clean = f"{name} NOT LIKE '%.%' AND " if decimal != "." else ""
    matches = f"{clean}regexp_full_match({point}, {literal(_NUMBER)})"
    return f"CASE WHEN {matches} THEN TRY_CAST({point} AS DOUBLE) END"


def number_sql(opened: Opened, number: NumericColumn) -> Expression:
    """Return the numbers of a column as FLOAT or DOUBLE; null where they are none, or not finite.

    Raises:
        subject.error: when the column is not numeric in some file.
    """
    for kind, group in opened.kinds(number.column).items():
        if not (kind == TEXT or is_number(kind) or (number.booleans and kind == "BOOLEAN")):
            raise opened.subject.refusal(
                f"{number.what} {number.column!r} is {kind}{opened.where(group)}",
                "use a number, or cast it in an sql source",
            )

    def sql(group: FileGroup) -> str:
        name = quoted(number.column)
        if group.kinds[number.column] == TEXT:
            name = number_text_sql(name, group.dialect.decimal if group.dialect else ".")
        value = f"TRY_CAST({name} AS {number.type})"
        return f"CASE WHEN isfinite({value}) THEN {value} END"

    return sql


def unfit_sql(name: str, number: NumericColumn) -> str:
    """Return the condition that a row of :class:`.KnownRows` lacks its number ``name`` and must not."""
    if not number.optional:
        return f"{name} IS NULL"
    return (
        f"({name} IS NULL AND raw_{name} IS NOT NULL AND NOT regexp_full_match(raw_{name}, '[+-]?(?i)nan'))"
    )
