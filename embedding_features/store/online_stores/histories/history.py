"""A history: the newest events of one node, oldest first, as one row of a view of histories."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Self

from feast.protos.feast.types.EntityKey_pb2 import EntityKey
from feast.protos.feast.types.Value_pb2 import DoubleList, Int64List, StringList, Value

from embedding_features.store.online_stores.layout import NEVER
from embedding_features.store.online_stores.pushed import Row
from embedding_features.store.online_stores.values import from_proto

EVENT_IDS, NODE_IDS, VALUES, TIMES = "event_ids", "node_ids", "values", "times"


class Event(NamedTuple):
    """Is one event of a node; events are in the order of time (µs since 1970, UTC), then of their ids."""

    time: int
    event_id: str
    node_id: int | str
    value: float


@dataclass(frozen=True)
class PushedEvents:
    """Counts what became of the events of a push.

    Attributes:
        added: those that are in a history now and were not before.
        repeated: those whose id the history, or the push itself, had already: the first one stays.
        too_old: those older than all that a full history keeps.
    """

    added: int = 0
    repeated: int = 0
    too_old: int = 0

    def __add__(self, other: Self) -> "PushedEvents":
        return PushedEvents(
            self.added + other.added, self.repeated + other.repeated, self.too_old + other.too_old
        )


def view_name(node_type: str) -> str:
    """Return the name of the view of a node type's histories."""
    return f"{node_type}_events"


def merged(known: Sequence[Event], given: Sequence[Event], keep: int) -> tuple[Sequence[Event], PushedEvents]:
    """Return the newest ``keep`` of the events of both, oldest first, and what became of those given.

    In whatever order and parts events are given, the same ones are kept in the end.

    Args:
        known: a history, in order.
        given: events in any order; those of one id are equal.
        keep: how many events a history has at most.
    """
    ids = {event.event_id for event in known}
    fresh = {event.event_id: event for event in given if event.event_id not in ids}
    history = sorted([*known, *fresh.values()])[-keep:]
    added = sum(event.event_id in fresh for event in history)
    return history, PushedEvents(added, len(given) - len(fresh), len(fresh) - added)


def history_values(
    event_ids: Sequence[str], node_ids: Sequence[Any], values: Sequence[float], times: Sequence[int]
) -> dict[str, Value]:
    """Return lists [n] of events as the values of a row; ids of the other side are integers or strings."""
    if len(node_ids) and isinstance(node_ids[0], str):
        nodes = Value(string_list_val=StringList(val=node_ids))
    else:
        nodes = Value(int64_list_val=Int64List(val=node_ids))
    return {
        EVENT_IDS: Value(string_list_val=StringList(val=event_ids)),
        NODE_IDS: nodes,
        VALUES: Value(double_list_val=DoubleList(val=values)),
        TIMES: Value(int64_list_val=Int64List(val=times)),
    }


def history_row(entity: EntityKey, history: Sequence[Event]) -> Row:
    """Return a history of one event or more as a row of the time of its newest."""
    times, event_ids, node_ids, values = zip(*history, strict=True)
    return Row(entity, (times[-1], NEVER), history_values(event_ids, node_ids, values, times))


def history_events(row: Row) -> list[Event]:
    """Return the events of the row that :func:`history_row` made."""
    lists = (from_proto(row.values[name]) for name in (TIMES, EVENT_IDS, NODE_IDS, VALUES))
    return list(map(Event._make, zip(*lists, strict=True)))
