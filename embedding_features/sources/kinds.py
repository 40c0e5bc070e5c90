"""The types of columns: which are integers, numbers or text, and which of them go together in one source."""

import re

from embedding_features.sources.opened import TEXT, Opened
from embedding_features.sources.source import TextType

INTEGERS = {"TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER"}
WIDE_INTEGERS = {"UBIGINT", "HUGEINT", "UHUGEINT"}
FLOATS = {"FLOAT", "DOUBLE"}
TEXTS = {TEXT, "VARCHAR"}

#: what the types that a CSV column can be declared as are in DuckDB
DECLARED: dict[TextType, str] = {"int64": "BIGINT", "double": "DOUBLE", "boolean": "BOOLEAN"}

_DECIMAL = re.compile(r"DECIMAL\(.*\)")
_WRITTEN = re.compile(r"(UUID|ENUM\(.*\))", re.DOTALL)
#: integers that a double holds exactly
_SMALL_INTEGERS = INTEGERS - {"BIGINT"}


def is_integer(kind: str) -> bool:
    return kind in INTEGERS or kind in WIDE_INTEGERS


def is_number(kind: str) -> bool:
    return is_integer(kind) or kind in FLOATS or _DECIMAL.fullmatch(kind) is not None


def is_text(kind: str) -> bool:
    """Whether values are text, or have one text form each (UUID, ENUM)."""
    return kind in TEXTS or _WRITTEN.fullmatch(kind) is not None


def widened(opened: Opened, column: str) -> str:
    """The DuckDB type that holds a column's values of all parts as they are.

    Raises:
        subject.error: when a part lacks the column, or there is no such type: text beside numbers, dates
            beside timestamps, 64-bit integers beside floats. The message names a file of each.
    """
    found = opened.kinds(column)
    kinds = {("VARCHAR" if kind == TEXT else kind): part for kind, part in found.items()}
    if len(kinds) <= 1:
        return next(iter(kinds), "INTEGER")
    if kinds.keys() <= INTEGERS:
        return "BIGINT"
    if kinds.keys() <= INTEGERS | WIDE_INTEGERS:
        return "HUGEINT"
    if kinds.keys() <= FLOATS | _SMALL_INTEGERS:
        return "DOUBLE"
    if all(is_text(kind) for kind in kinds):
        return "VARCHAR"
    raise opened.unlike(column, kinds)
