"""How a source's columns become ids, times and weights: one SQL expression for each accepted type.

Whatever could depend on the future is left to the rows that are known: a bad id or weight later than as_of
neither breaks a build nor shows in it.
"""

import re

from embedding_features.errors import GraphError
from embedding_features.graph.schema import IdType, Source
from embedding_features.graph.source import Query, literal, quoted

_INTEGERS = {"TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER"}
_WIDE_INTEGERS = {"UBIGINT", "HUGEINT", "UHUGEINT"}
_NUMBER = re.compile(r"(DECIMAL\(.*\)|FLOAT|DOUBLE)")
_TEXT = re.compile(r"(VARCHAR|UUID|ENUM\(.*\))", re.DOTALL)
_PER_UNIT = {"s": 1_000_000, "ms": 1_000, "us": 1}


def id_sql(query: Query, column: str, id_type: IdType) -> str:
    """The ids of ``column`` as BIGINT or VARCHAR; null where they do not fit int64.

    Raises:
        GraphError: when the column's type is not what the node type says.
    """
    kind, name = query.type(column), quoted(column)
    if id_type == "int64" and kind in _INTEGERS:
        return f"{name}::BIGINT"
    if id_type == "int64" and kind in _WIDE_INTEGERS:
        return f"TRY_CAST({name} AS BIGINT)"
    if id_type == "string" and _TEXT.fullmatch(kind):
        return f"{name}::VARCHAR"
    raise GraphError(
        f"{query.what}: column {column!r} is {kind}, and its node type says {id_type}",
        fix="change the node type's id, or cast the column in an sql source",
    )


def may_misfit(query: Query, column: str) -> bool:
    """Whether an id of ``column`` can be beyond int64."""
    return query.type(column) in _WIDE_INTEGERS


def weight_sql(query: Query, column: str) -> str:
    """The weights of ``column`` as FLOAT; null where they are no finite float32.

    Raises:
        GraphError: when the column is not numeric.
    """
    kind = query.type(column)
    if kind not in _INTEGERS | _WIDE_INTEGERS and not _NUMBER.fullmatch(kind):
        raise GraphError(
            f"{query.what}: weight {column!r} is {kind}", fix="use a number, or cast it in an sql source"
        )
    weight = f"TRY_CAST({quoted(column)} AS FLOAT)"
    return f"CASE WHEN isfinite({weight}) THEN {weight} END"


def time_sql(query: Query, source: Source) -> str:
    """The timestamps of ``source`` as BIGINT microseconds UTC; null where null or infinite.

    Raises:
        GraphError: when there is no moment in them: no zone, no unit, or another type.
    """
    column = source.timestamp or ""
    kind, name = query.type(column), quoted(column)
    if kind in _INTEGERS | _WIDE_INTEGERS:
        if source.unit is None or source.timezone is not None:
            raise _unclear(query, column, kind, "say unit: s, ms or us, and no timezone")
        return f"{name}::BIGINT * {_PER_UNIT[source.unit]}"
    if source.unit is not None:
        raise _unclear(query, column, kind, "unit is for integers: remove it")
    if kind in {"TIMESTAMP WITH TIME ZONE", "TIMESTAMPTZ_NS"}:
        if source.timezone is not None:
            raise _unclear(query, column, kind, "it has a zone: remove timezone")
        return f"epoch_us({name})" if kind != "TIMESTAMPTZ_NS" else _rounded_up(name)
    if kind not in {"DATE", "TIMESTAMP", "TIMESTAMP_S", "TIMESTAMP_MS", "TIMESTAMP_NS"}:
        raise _unclear(
            query, column, kind, "use a timestamp, a date or an integer, or cast it in an sql source"
        )
    if source.timezone is None:
        raise _unclear(
            query, column, kind, "it has no zone: say timezone: UTC, or whichever it was written in"
        )
    zone = literal(source.timezone)
    if kind == "DATE":
        end_of_day = f"epoch_us(({name} + 1)::TIMESTAMP AT TIME ZONE {zone}) - 1"
        return f"CASE WHEN isfinite({name}) THEN {end_of_day} END"
    naive = f"make_timestamp({_rounded_up(name)})" if kind == "TIMESTAMP_NS" else f"{name}::TIMESTAMP"
    return f"CASE WHEN isfinite({name}) THEN epoch_us({naive} AT TIME ZONE {zone}) END"


def _rounded_up(name: str) -> str:
    """Nanoseconds to microseconds, never earlier: an edge just after as_of must not slip in."""
    return f"(epoch_ns({name}) // 1000 + (epoch_ns({name}) % 1000 > 0)::BIGINT)"


def _unclear(query: Query, column: str, kind: str, fix: str) -> GraphError:
    return GraphError(f"{query.what}: timestamp {column!r} is {kind}", fix=fix)
