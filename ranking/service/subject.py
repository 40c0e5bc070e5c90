"""What a request asks to rank: a user, items, and the raw columns that came with them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from embedding_features.errors import DataError
from embedding_features.fresh import NodeEvents
from embedding_features.store.moments import micros
from ranking.service.columns import ColumnValues, id_array
from ranking.service.requests import Features, Given, GivenEvent


@dataclass(frozen=True)
class RankSubject:
    """A user and the items to rank for them.

    Attributes:
        columns: raw columns that came with the request, checked.
        unread: names of those that the bundle does not read from a request.
        events: the user's, where the request brings them.
    """

    user: int | str
    items: Sequence[int | str]
    columns: Mapping[str, ColumnValues]
    unread: list[str]
    events: NodeEvents | None = None


def make_subject(
    user: int | str,
    items: Sequence[int | str],
    features: Features,
    depths: Mapping[str, int],
    events: Sequence[GivenEvent] | None = None,
) -> RankSubject:
    """Return what a request asks to rank, its raw columns checked.

    Args:
        user: id of the user.
        items: ids of the items.
        features: raw columns of the request.
        depths: column that the bundle reads from a request → how deep a value of it is nested
            (:attr:`.ColumnPlan.depths`).
        events: the user's events; None where the request brings none.

    Raises:
        DataError: when a column is nested otherwise, mixes types, or lies beside another number of items.
    """
    columns = {
        column: _column(column, value, depths[column], len(items))
        for column, value in features.items()
        if column in depths
    }
    unread = [column for column in features if column not in depths]
    return RankSubject(user, items, columns, unread, node_events(events))


def node_events(events: Sequence[GivenEvent] | None) -> NodeEvents | None:
    """Return the events that a request brings; None where it brings none.

    Raises:
        DataError: when some items are integers, others strings.
    """
    if events is None:
        return None
    try:
        others = id_array([event.item for event in events])
    except (pa.ArrowInvalid, pa.ArrowTypeError):
        raise DataError("events: items mix types", fix="give integers alone, or strings alone") from None
    values = np.array([event.value for event in events], np.float64)
    return NodeEvents(others, values, np.array([micros(event.at) for event in events], np.int64))


def _column(column: str, value: Given, depth: int, count: int) -> ColumnValues:
    """The values of a column: of ``depth`` one for all items, one level deeper one for each of ``count``."""
    found = _depth(value)
    if value is not None and found not in (depth, depth + 1):
        raise DataError(
            f"features: {column} is nested {found} deep, and a value of it {depth} deep",
            fix="give one value for the request, or a list with a value for each item",
        )
    if isinstance(value, list) and found > depth and len(value) != count:
        raise DataError(
            f"features: {column} has {len(value)} values beside {count} items",
            fix="give one value for the request, or a list with a value for each item",
        )
    shared = found <= depth
    try:
        return ColumnValues(pa.array([value] if shared else value), shared)
    except (pa.ArrowInvalid, pa.ArrowTypeError, OverflowError):
        raise DataError(f"features: {column} mixes types", fix="give values of one type") from None


def _depth(value: object) -> int:
    """0 of a scalar or null, 1 of a list of them."""
    if not isinstance(value, list):
        return 0
    return 1 + max((_depth(one) for one in value if isinstance(one, list)), default=0)
