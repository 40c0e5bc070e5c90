"""The moments of a source's rows: microseconds UTC, never earlier than what the file says."""

import pyarrow as pa

from embedding_features.sources.times import end_of_day_sql, rounded_up_sql
from embedding_features.store.offline.casts import Cast

_CLOCK = r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(:\d{2}(\.\dDIGITS)?)?"
_ZONE = r" ?(Z|UTC|[+-](0\d|1[0-4])(:?[0-5]\d)?)?"  # no more than there are; DuckDB takes any
_DAY = r"\d{4}-\d{2}-\d{2}"
_MICROS, _NANOS = (_CLOCK.replace("DIGITS", digits) + _ZONE for digits in ("{1,6}", "{7,9}"))
#: seconds of the years 1 and 10000: beyond lie other units
_FIRST, _LAST = -62_135_596_800, 253_402_300_800

KINDS = "timestamps, dates, seconds since 1970, or ISO 8601 text"


def time_cast(have: pa.DataType, sql: str) -> Cast | None:
    """Return how ``sql`` is read as BIGINT microseconds UTC; None when values of the type are no times.

    Times without zone are UTC, and numbers seconds since 1970, as in Feast. A date counts as its last
    microsecond, and what is finer than a microsecond is rounded up: else a row would be seen too early.
    """
    if pa.types.is_null(have):
        return Cast("NULL::BIGINT")
    if pa.types.is_timestamp(have):
        return Cast(
            rounded_up_sql(f"epoch_ns({sql})") if have.unit == "ns" else f"epoch_us({sql}::TIMESTAMPTZ)"
        )
    if pa.types.is_date(have):
        return Cast(end_of_day_sql(sql))
    if pa.types.is_string(have):
        return _text(sql)
    if pa.types.is_integer(have):
        return Cast(f"{sql}::BIGINT * 1000000", _implausible(sql))
    if pa.types.is_floating(have) or pa.types.is_decimal(have):
        number = f"{sql}::DOUBLE"
        value = f"CASE WHEN NOT isnan({number}) THEN ceil({number} * 1000000)::BIGINT END"
        return Cast(value, f"NOT isnan({number}) AND ({_implausible(sql)})")
    return None


def _implausible(sql: str) -> str:
    return f"{sql} < {_FIRST} OR {sql} >= {_LAST}"


def _text(sql: str) -> Cast:
    cases = {
        _DAY: end_of_day_sql(f"TRY_CAST({sql} AS DATE)"),
        _MICROS: f"epoch_us(TRY_CAST({sql} AS TIMESTAMPTZ))",
        _NANOS: rounded_up_sql(f"epoch_ns(TRY_CAST({sql} AS TIMESTAMPTZ_NS))"),
    }
    whens = " ".join(f"WHEN regexp_full_match({sql}, '{form}') THEN {value}" for form, value in cases.items())
    value = f"CASE {whens} END"
    return Cast(value, f"{sql} IS NOT NULL AND ({value}) IS NULL")
