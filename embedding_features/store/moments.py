"""Moments as the store has them: microseconds since 1970, UTC."""

import time
from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pyarrow.compute as pc

from embedding_features.artifact.tables import TIMES
from embedding_features.errors import DataError

#: columns of a published table: the moment of its rows, and when they were published
EVENT, CREATED = TIMES
#: the Arrow type of a moment
STAMP = pa.timestamp("us", tz="UTC")
_START = datetime(1970, 1, 1, tzinfo=UTC)


def micros(moment: datetime) -> int:
    """Return the microseconds of a time; one without zone is UTC, as Feast has it."""
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return (aware - _START) // timedelta(microseconds=1)


def aware_micros(moment: datetime, what: str) -> int:
    """Return the microseconds of a moment that must have a zone.

    Raises:
        DataError: when it has none; ``what`` says what it was given for.
    """
    if moment.tzinfo is None:
        raise DataError(f"{what}, which has no zone", fix="give it with a zone, such as +00:00")
    return micros(moment)


def moment_of(event: int) -> datetime:
    """Return the time of microseconds since 1970."""
    return _START + timedelta(microseconds=event)


def now_micros() -> int:
    """Return the microseconds of the time now."""
    return time.time_ns() // 1000


def floor_micros(times: pa.ChunkedArray) -> pa.ChunkedArray:
    """Return timestamps [n] as int64 microseconds; finer ones are rounded down, so that a row sees less."""
    if times.type.unit == "ns":
        times = pc.floor_temporal(times, unit="microsecond")
    return times.cast(STAMP).cast(pa.int64())
