"""Moments in time, zone-aware, and their counts of microseconds since 1970-01-01 UTC."""

from datetime import UTC, datetime, timedelta

import numpy as np

from embedding_features.arrays import I64, AnyArray
from embedding_features.errors import GraphError, LeakError

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def as_moment(value: datetime | str) -> datetime:
    """Return a moment in UTC from a zone-aware datetime or an ISO 8601 text such as ``2026-11-01T00:00:00Z``.

    Raises:
        GraphError: when the text is no ISO 8601, or there is no zone.
    """
    try:
        moment = datetime.fromisoformat(value) if isinstance(value, str) else value
    except ValueError:
        raise GraphError(f"{value!r} is not a moment", fix="write it as 2026-11-01T00:00:00Z") from None
    if moment.utcoffset() is None:
        raise GraphError(f"{value} has no zone", fix="add one, as in 2026-11-01T00:00:00Z")
    return moment.astimezone(UTC)


def to_microseconds(moment: datetime) -> int:
    """Return the microseconds since 1970-01-01 UTC, exactly."""
    return (moment - _EPOCH) // timedelta(microseconds=1)


def from_microseconds(time: int) -> datetime:
    """Return the moment ``time`` microseconds after 1970-01-01 UTC.

    Raises:
        GraphError: when it is beyond the years 1 to 9999.
    """
    try:
        return _EPOCH + timedelta(microseconds=int(time))
    except OverflowError:
        raise GraphError(
            f"{time} µs is beyond the calendar", fix="check the unit of the timestamps"
        ) from None


def times_array(times: AnyArray, what: str) -> I64:
    """Return moments as int64 µs since 1970 UTC, from integers or datetime64; what is finer is rounded up.

    Raises:
        GraphError: when they are of another type, or one is NaT.
    """
    array = np.asarray(times)
    if np.issubdtype(array.dtype, np.integer):
        return array.astype(np.int64)
    if not np.issubdtype(array.dtype, np.datetime64) or np.isnat(array).any():
        raise GraphError(
            f"times of {what!r} are {array.dtype}, or NaT among them", fix="give integers, µs since 1970 UTC"
        )
    rounded = array.astype("datetime64[us]")
    return rounded.astype(np.int64) + (rounded < array)


def check_time(relation: str, latest: int, as_of: datetime) -> None:
    """Check that a relation's latest edge, in µs, is not later than ``as_of``.

    Raises:
        LeakError: naming the relation and both moments.
    """
    if latest > to_microseconds(as_of):
        raise LeakError(
            f"relation {relation!r} has an edge at {from_microseconds(latest).isoformat()}, later than "
            f"{as_of.isoformat()} which it claims to describe",
            fix="build the graph again as of that moment",
        )
