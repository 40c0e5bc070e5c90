"""The same rows written as other people write them: Parquet and CSV, in many types, dialects and files."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.parquet as pq

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
#: user, item, µs since 1970, stars
Row = tuple[int, str, int, float]


def moment(us: int) -> datetime:
    return EPOCH + timedelta(microseconds=us)


@dataclass(frozen=True)
class TimeStyle:
    """How times are written, and what a source says of it; exact for multiples of ``step`` µs."""

    says: dict[str, Any]
    step: int
    text: Callable[[datetime], str] | None = None
    arrow: pa.DataType | None = None
    divide: int = 1


def _iso(zone: str | None, sep: str = "T", spec: str = "microseconds") -> Callable[[datetime], str]:
    def text(at: datetime) -> str:
        if zone is None:
            return at.replace(tzinfo=None).isoformat(sep, spec)
        return at.astimezone(ZoneInfo(zone)).isoformat(sep, spec)

    return text


SECOND = 1_000_000
PARQUET_TIMES = {
    "us": TimeStyle({}, 1, arrow=pa.timestamp("us", tz="UTC")),
    "us in Tokyo": TimeStyle({}, 1, arrow=pa.timestamp("us", tz="Asia/Tokyo")),
    "ns": TimeStyle({}, 1, arrow=pa.timestamp("ns", tz="UTC")),
    "ms": TimeStyle({}, 1000, arrow=pa.timestamp("ms", tz="UTC")),
    "naive us": TimeStyle({"timezone": "UTC"}, 1, arrow=pa.timestamp("us")),
    "naive ns": TimeStyle({"timezone": "UTC"}, 1, arrow=pa.timestamp("ns")),
    "naive s": TimeStyle({"timezone": "UTC"}, SECOND, arrow=pa.timestamp("s")),
    "count of s": TimeStyle({"unit": "s"}, SECOND, arrow=pa.int64(), divide=SECOND),
    "count of ms": TimeStyle({"unit": "ms"}, 1000, arrow=pa.int64(), divide=1000),
    "count of us": TimeStyle({"unit": "us"}, 1, arrow=pa.uint64()),
}
CSV_TIMES = {
    "Z": TimeStyle({}, 1, _iso("UTC")),
    "offset": TimeStyle({}, 1, _iso("Asia/Kolkata", " ")),
    "short offset": TimeStyle({}, SECOND, lambda at: at.strftime("%Y-%m-%d %H:%M:%S+00")),
    "naive": TimeStyle({"timezone": "UTC"}, 1, _iso(None, " ")),
    "naive, whole seconds": TimeStyle({"timezone": "UTC"}, SECOND, _iso(None, "T", "seconds")),
    "American": TimeStyle(
        {"timezone": "UTC", "format": "%m/%d/%Y %I:%M:%S %p"},
        SECOND,
        lambda at: at.strftime("%m/%d/%Y %I:%M:%S %p"),
    ),
    "European": TimeStyle(
        {"timezone": "UTC", "format": "%d.%m.%y %H:%M:%S.%f"},
        1,
        lambda at: at.strftime("%d.%m.%y %H:%M:%S.%f"),
    ),
    "European with a zone": TimeStyle(
        {"format": "%d/%m/%Y %H:%M:%S %z"}, SECOND, lambda at: at.strftime("%d/%m/%Y %H:%M:%S +0000")
    ),
    "count of s": TimeStyle({"unit": "s"}, SECOND, lambda at: str((at - EPOCH) // timedelta(seconds=1))),
    "count of us": TimeStyle({"unit": "us"}, 1, lambda at: str((at - EPOCH) // timedelta(microseconds=1))),
}


@dataclass(frozen=True)
class CsvStyle:
    """A dialect, and how a writer uses it."""

    dialect: dict[str, Any] = field(default_factory=dict)
    newline: str = "\n"
    every_field_quoted: bool = False
    begin: str = ""

    def cell(self, value: str) -> str:
        quote = self.dialect.get("quote", '"')
        escape = self.dialect.get("escape", '"')
        odd = any(sign in value for sign in (quote, "\n", "\r", self.delimiter) if sign)
        if quote and (odd or self.every_field_quoted):
            return quote + value.replace(quote, escape + quote) + quote
        return value

    @property
    def delimiter(self) -> str:
        return str(self.dialect.get("delimiter", ","))


CSV_STYLES = {
    "plain": CsvStyle(),
    "Windows": CsvStyle(newline="\r\n", begin="\ufeff"),
    "all quoted": CsvStyle(every_field_quoted=True),
    "German": CsvStyle({"delimiter": ";", "decimal": ","}),
    "tabs": CsvStyle({"delimiter": "\t", "quote": "'", "escape": "'"}),
    "MovieLens": CsvStyle({"delimiter": "::", "quote": "", "columns": ["user", "item", "at", "stars"]}),
    "null said": CsvStyle({"null": ["NULL", "\\N"]}),
}


def write_csv(
    path: Path, rows: Sequence[Row], style: CsvStyle, time: TimeStyle, order: Sequence[str]
) -> None:
    """One CSV file; the columns stand in ``order``, or in the dialect's."""
    assert time.text is not None
    columns = style.dialect.get("columns") or order
    lines = [] if "columns" in style.dialect else [[*columns]]
    for user, item, at, stars in rows:
        number = repr(stars).replace(".", style.dialect.get("decimal", "."))
        cells = {"user": str(user), "item": item, "at": time.text(moment(at)), "stars": number, "note": "n"}
        lines.append([cells[name] for name in columns])
    text = "".join(style.delimiter.join(map(style.cell, line)) + style.newline for line in lines)
    path.write_text(style.begin + text, encoding="utf-8", newline="")


def write_parquet(
    path: Path,
    rows: Sequence[Row],
    time: TimeStyle,
    order: Sequence[str],
    user: pa.DataType,
    stars: pa.DataType,
) -> None:
    """One Parquet file with columns of these types."""
    users, items, times, numbers = zip(*rows, strict=True) if rows else ((), (), (), ())
    assert time.arrow is not None
    counts = pa.array([at // time.divide for at in times], pa.int64())
    if pa.types.is_timestamp(time.arrow):
        at = counts.cast(pa.timestamp("us")).cast(pa.timestamp(time.arrow.unit)).cast(time.arrow)
    else:
        at = counts.cast(time.arrow)
    columns = {
        "user": pa.array(users, user),
        "item": pa.array(items, pa.string()),
        "at": at,
        "stars": pa.array(numbers, pa.float64()).cast(stars),
        "note": pa.array(["n"] * len(rows), pa.string()),
    }
    pq.write_table(pa.table({name: columns[name] for name in order}), path)
