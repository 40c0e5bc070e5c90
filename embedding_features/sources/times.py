"""How a column becomes moments, in microseconds since 1970 UTC, and never an earlier one than was meant."""

import re

from embedding_features.sources.columns import Expression, integer_text_sql
from embedding_features.sources.kinds import INTEGERS, is_integer
from embedding_features.sources.opened import NOTHING, TEXT, Opened
from embedding_features.sources.source import Source
from embedding_features.sources.sql import literal, quoted

#: the offsets that there are; DuckDB takes any
_OFFSET = "([Zz]|[+-](0[0-9]|1[0-4])(:?[0-5][0-9])?)"
_ISO = r"[0-9]{4}-[0-9]{2}-[0-9]{2}([T ][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]+)?)?" + _OFFSET + "?)?"
_ZONE = f"[T ].*{_OFFSET}$"
#: a digit other than 0 after the microseconds
_FINER = r"\.[0-9]{6}[0-9]*[1-9]"
_NAIVE = {"DATE", "TIMESTAMP", "TIMESTAMP_S", "TIMESTAMP_MS", "TIMESTAMP_NS"}
_ZONED = {"TIMESTAMP WITH TIME ZONE", "TIMESTAMPTZ_NS"}


def time_sql(opened: Opened, source: Source) -> Expression:
    """Return the timestamps as BIGINT µs UTC; null where null, infinite or, of text, not to be read.

    Each file's column is read by the rule of its own type. What is finer than a microsecond is rounded up,
    and a date is the last microsecond of its day, so that nothing is known before it happened.

    Raises:
        subject.error: when there is no moment in a file's column: no zone, no unit, or another type.
    """
    column = source.timestamp or ""
    for kind, group in opened.kinds(column).items():
        fault = _fault(kind, source)
        if fault:
            raise opened.subject.refusal(f"timestamp {column!r} is {kind}{opened.where(group)}", fault)
    return lambda group: _time(group.kinds[column], quoted(column), source)


def _fault(kind: str, source: Source) -> str | None:
    """Return what is wrong with a column's type under the source's settings; None if nothing is."""
    if kind == TEXT:
        return None
    if source.format is not None:
        return "format is for text: remove it"
    if is_integer(kind):
        return None if source.unit else "say unit: s, ms, us or ns, and no timezone"
    if source.unit is not None:
        return "unit is for integers: remove it"
    if kind in _ZONED:
        return "it has a zone: remove timezone" if source.timezone else None
    if kind not in _NAIVE:
        return "use a timestamp, a date or an integer, or cast it in an sql source"
    return None if source.timezone else "it has no zone: say timezone: UTC, or whichever it was written in"


def _time(kind: str, name: str, source: Source) -> str:
    if kind == TEXT:
        return _text(name, source)
    if kind == NOTHING:
        return "NULL::BIGINT"
    if is_integer(kind):
        return _count(f"{name}::{'BIGINT' if kind in INTEGERS else 'HUGEINT'}", source.unit or "us")
    if kind == "TIMESTAMPTZ_NS":
        return rounded_up_sql(f"epoch_ns({name})")
    if kind == "TIMESTAMP WITH TIME ZONE":
        return f"epoch_us({name})"
    zone = literal(source.timezone or "")
    if kind == "DATE":
        return end_of_day_sql(name, zone)
    naive = (
        f"make_timestamp({rounded_up_sql(f'epoch_ns({name})')})"
        if kind == "TIMESTAMP_NS"
        else f"{name}::TIMESTAMP"
    )
    return f"CASE WHEN isfinite({name}) THEN epoch_us({naive} AT TIME ZONE {zone}) END"


def _count(number: str, unit: str) -> str:
    if unit == "ns":
        return f"TRY_CAST({rounded_up_sql(number)} AS BIGINT)"
    per_unit = {"s": 1_000_000, "ms": 1_000, "us": 1}[unit]
    return f"TRY_CAST({number}::HUGEINT * {per_unit} AS BIGINT)"


def rounded_up_sql(nanoseconds: str) -> str:
    """Return nanoseconds as microseconds, never earlier: an edge just after as_of must not slip in."""
    return f"({nanoseconds} // 1000 + ({nanoseconds} % 1000 > 0)::BIGINT)"


def end_of_day_sql(date: str, zone: str = "'UTC'") -> str:
    """Return the last microsecond of a date, in a zone, as BIGINT µs UTC; null where it is infinite."""
    return f"CASE WHEN isfinite({date}) THEN epoch_us(({date} + 1)::TIMESTAMP AT TIME ZONE {zone}) - 1 END"


def _text(name: str, source: Source) -> str:
    if source.unit is not None:
        return _count(f"({integer_text_sql(name)})", source.unit)
    if source.format is not None:
        return _formatted(name, source.format, source.timezone)
    zoned = f"epoch_us(TRY_CAST({name} AS TIMESTAMPTZ))"
    finer = f"regexp_matches({name}, {literal(_FINER)})::BIGINT"
    date = naive = "NULL"
    if source.timezone is not None:
        zone = literal(source.timezone)
        date = end_of_day_sql(f"TRY_CAST({name} AS DATE)", zone)
        naive = f"epoch_us(TRY_CAST({name} AS TIMESTAMP) AT TIME ZONE {zone}) + {finer}"
    return (
        f"CASE WHEN NOT regexp_full_match({name}, {literal(_ISO)}) THEN NULL "
        f"WHEN length({name}) = 10 THEN {date} "
        f"WHEN regexp_matches({name}, {literal(_ZONE)}) THEN {zoned} + {finer} ELSE {naive} END"
    )


def _formatted(name: str, format_: str, timezone: str | None) -> str:
    """Return text read by strptime's format, in its own zone or else the source's; a date ends its day."""
    parsed = f"try_strptime({name}, {literal(format_)})"
    directives = re.findall(r"%-?(.)", format_)
    if {"z", "Z"} & {*directives}:
        return f"epoch_us({parsed})"
    if timezone is None:
        return "NULL::BIGINT"
    zone = literal(timezone)
    if not {*"HIXTc"} & {*directives}:
        return end_of_day_sql(f"{parsed}::DATE", zone)
    if "n" in directives:
        parsed = f"make_timestamp({rounded_up_sql(f'epoch_ns({parsed})')})"
    return f"epoch_us({parsed} AT TIME ZONE {zone})"
