"""The DuckDB types of columns: which are integers, numbers or text, and which go together in one source."""

import re
from collections.abc import Sequence

from embedding_features.sources.opened import NOTHING, TEXT, Opened
from embedding_features.sources.source import TextType

INTEGERS = {"TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER"}
WIDE_INTEGERS = {"UBIGINT", "HUGEINT", "UHUGEINT"}
FLOATS = {"FLOAT", "DOUBLE"}
TEXTS = {TEXT, "VARCHAR"}

#: what the types that a CSV column can be declared as are in DuckDB
DECLARED: dict[TextType, str] = {"int64": "BIGINT", "double": "DOUBLE", "boolean": "BOOLEAN"}

_DECIMAL = re.compile(r"DECIMAL\((\d+),(\d+)\)")
_WRITTEN = re.compile(r"(UUID|ENUM\(.*\))", re.DOTALL)
#: integers that a double holds exactly
_SMALL_INTEGERS = INTEGERS - {"BIGINT"}


def is_integer(kind: str) -> bool:
    """Return whether a DuckDB type is of integers, of any width."""
    return kind in INTEGERS or kind in WIDE_INTEGERS


def is_number(kind: str) -> bool:
    """Return whether a DuckDB type is of integers, floats or decimals."""
    return is_integer(kind) or kind in FLOATS or _DECIMAL.fullmatch(kind) is not None


def is_text(kind: str) -> bool:
    """Return whether a DuckDB type is text, or has one text form of each value (UUID, ENUM)."""
    return kind in TEXTS or _WRITTEN.fullmatch(kind) is not None


def widened(opened: Opened, column: str) -> str:
    """Return the DuckDB type that holds a column's values of all groups as they are.

    Raises:
        subject.error: when a group lacks the column, or there is no such type: text beside numbers, dates
            beside timestamps, 64-bit integers beside floats. The message names a file of each.
    """
    found = opened.kinds(column)
    kinds = {"VARCHAR" if kind == TEXT else kind: group for kind, group in found.items()}
    if not kinds:
        return "INTEGER"
    common = _common(list(kinds))
    if common is None:
        raise opened.unlike(column, kinds)
    return common


def _common(kinds: Sequence[str]) -> str | None:
    """Return the type that holds the values of several types; None where there is none."""
    if len(set(kinds)) == 1:
        return kinds[0]
    if all(kind.endswith("[]") for kind in kinds):
        items = [item for kind in kinds if (item := kind.removesuffix("[]")) != NOTHING]
        common = _common(items)
        return None if common is None else f"{common}[]"
    if all(kind in INTEGERS for kind in kinds):
        return "BIGINT"
    if all(map(is_integer, kinds)):
        return "HUGEINT"
    if all(kind in FLOATS or kind in _SMALL_INTEGERS for kind in kinds):
        return "DOUBLE"
    return "VARCHAR" if all(map(is_text, kinds)) else _decimal(kinds)


def _decimal(kinds: Sequence[str]) -> str | None:
    """Return the decimal type with the most digits before and after the point, if DuckDB has it."""
    digits = [tuple(map(int, match.groups())) for kind in kinds if (match := _DECIMAL.fullmatch(kind))]
    if len(digits) < len(kinds):
        return None
    scale = max(after for _, after in digits)
    width = max(all_ - after for all_, after in digits) + scale
    return f"DECIMAL({width},{scale})" if width <= 38 else None
