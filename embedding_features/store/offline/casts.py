"""Casts that lose nothing, as SQL: the value, and the condition under which there is none."""

from dataclasses import dataclass

import duckdb
import pyarrow as pa

from embedding_features.store.moments import STAMP
from embedding_features.store.offline.types import EXACT


@dataclass(frozen=True)
class Cast:
    """Says how a column is read.

    Attributes:
        sql: its value.
        bad: SQL that is true for a value that would be changed; None when no value would.
    """

    sql: str
    bad: str | None = None


def cast_of(have: pa.DataType, want: pa.DataType, sql: str, depth: int = 0) -> Cast | None:
    """Return how the expression ``sql`` of one plain type is read as another; None if they differ in kind.

    Integers and floats become each other where they are exact (NaN is no integer: null); null becomes
    anything; lists element by element; moments microseconds UTC.
    """
    if have == want:
        return Cast(sql)
    target = sql_type(want)
    if pa.types.is_null(have):
        return Cast(f"NULL::{target}")
    if pa.types.is_list(have) and pa.types.is_list(want):
        return _elements(have, want, sql, depth)
    if pa.types.is_integer(want):
        return _integer(have, want, sql, target)
    if pa.types.is_floating(want):
        return _float(have, want, sql, target)
    if pa.types.is_timestamp(have) and want == STAMP:
        return _moment(have, sql)
    if have == pa.uuid() and pa.types.is_string(want):
        return Cast(f"{sql}::VARCHAR")
    return None


def sql_type(dtype: pa.DataType) -> str:
    """Return DuckDB's name of an Arrow type."""
    return str(duckdb.from_arrow(pa.table({"x": pa.array([], dtype)})).types[0])


def _integer(have: pa.DataType, want: pa.DataType, sql: str, target: str) -> Cast | None:
    low, high = _bounds(want)
    if pa.types.is_integer(have):
        least, most = _bounds(have)
        fits = low <= least and most <= high
        return Cast(f"{sql}::{target}", None if fits else f"{sql}::HUGEINT NOT BETWEEN {low} AND {high}")
    if have not in EXACT:
        return None
    limit = EXACT[have]
    exact = f"abs({sql}) < {limit} AND {sql} = trunc({sql}) AND {sql} BETWEEN {low} AND {high}"
    return Cast(f"CASE WHEN NOT isnan({sql}) THEN {sql}::{target} END", f"NOT isnan({sql}) AND NOT ({exact})")


def _float(have: pa.DataType, want: pa.DataType, sql: str, target: str) -> Cast | None:
    if pa.types.is_integer(have):
        fits = max(-_bounds(have)[0], _bounds(have)[1]) <= EXACT[want]
        bad = f"{sql}::{target}::HUGEINT <> {sql}::HUGEINT"
        return Cast(f"{sql}::{target}", None if fits else bad)
    if not pa.types.is_floating(have):
        return None
    narrower = want == pa.float32()
    return Cast(f"{sql}::{target}", f"{sql}::FLOAT::DOUBLE <> {sql}" if narrower else None)


def _moment(have: pa.DataType, sql: str) -> Cast:
    if have.unit != "ns":
        return Cast(f"{sql}::TIMESTAMPTZ")
    return Cast(f"make_timestamptz(epoch_ns({sql}) // 1000)", f"epoch_ns({sql}) % 1000 <> 0")


def _elements(have: pa.DataType, want: pa.DataType, sql: str, depth: int) -> Cast | None:
    name = f"x{depth}"
    inner = cast_of(have.value_type, want.value_type, name, depth + 1)
    if inner is None:
        return None
    bad = inner.bad and f"len(list_filter({sql}, lambda {name}: {inner.bad})) > 0"
    return Cast(f"list_transform({sql}, lambda {name}: {inner.sql})", bad)


def _bounds(dtype: pa.DataType) -> tuple[int, int]:
    """Return the least and the greatest value of an integer type."""
    bits, signed = dtype.bit_width, pa.types.is_signed_integer(dtype)
    return (-(1 << (bits - 1)), (1 << (bits - 1)) - 1) if signed else (0, (1 << bits) - 1)
