"""Checks of the events that are pushed: all of a batch before any of it is written."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

import numpy as np
from feast import FeatureView
from feast.protos.feast.types.EntityKey_pb2 import EntityKey
from feast.protos.feast.types.Value_pb2 import Value
from feast.types import Array, Int64

from embedding_features.errors import DataError
from embedding_features.store.moments import micros
from embedding_features.store.online_stores.feast_reads import Written
from embedding_features.store.online_stores.histories.history import EVENT_IDS, NODE_IDS, TIMES, VALUES, Event
from embedding_features.store.online_stores.key_values import keys_of
from embedding_features.store.online_stores.pushed import Key
from embedding_features.store.online_stores.row_checks import check_pushed

_LAST = micros(datetime.max.replace(tzinfo=UTC))
_AGAIN = "correct it and push again: nothing of this push was written"


@dataclass(frozen=True)
class NodeEvents:
    """Holds the events that are pushed of one node, in the order in which they came."""

    entity: EntityKey
    events: list[Event] = field(default_factory=list)


def checked_events(view: FeatureView, data: Sequence[Written]) -> dict[Key, NodeEvents]:
    """Return the events of rows that Feast writes to a view of histories, by node, checked.

    The rows' own times say nothing: events have theirs.

    Raises:
        StoreError: when a row lacks a feature.
        DataError: when a node's id is null or of another type than the key; on a null list, or lists of
            other types than the view's or of different lengths; on an empty id, which is what Feast makes of
            a null in a list; on a value that is NaN or infinite; on a time that is not after 1970, or is
            beyond the year 9999; on two different events of one node with one id.
    """
    keys = keys_of(view, [row[0] for row in data])
    slots = _slots(view)
    nodes: dict[Key, NodeEvents] = {}
    for key, (entity, values, _, _) in zip(keys, data, strict=True):
        check_pushed(view, values)
        where = f"view {view.name}, {', '.join(entity.join_keys)} {key!r}"
        nodes.setdefault(key, NodeEvents(entity)).events.extend(_events(values, slots, where))
    for key, node in nodes.items():
        _check_conflicts(node.events, f"view {view.name}, {', '.join(node.entity.join_keys)} {key!r}")
    return nodes


def _slots(view: FeatureView) -> dict[str, str]:
    """Return list → the slot of its values."""
    dtype = next((field.dtype for field in view.features if field.name == NODE_IDS), None)
    nodes = "int64_list_val" if dtype == Array(Int64) else "string_list_val"
    return {TIMES: "int64_list_val", EVENT_IDS: "string_list_val", NODE_IDS: nodes, VALUES: "double_list_val"}


def _events(values: Mapping[str, Value], slots: Mapping[str, str], where: str) -> list[Event]:
    for name, slot in slots.items():
        given = values[name].WhichOneof("val")
        if given != slot:
            what = "null" if given is None else given.removesuffix("_val")
            raise DataError(f"{where}: {name} is {what}, not {slot.removesuffix('_val')}", fix=_AGAIN)
    lists = {name: list(getattr(values[name], slot).val) for name, slot in slots.items()}
    if len({len(items) for items in lists.values()}) > 1:
        lengths = ", ".join(f"{len(items)} {name}" for name, items in lists.items())
        raise DataError(f"{where}: lists of different lengths: {lengths}", fix=_AGAIN)
    _check_lists(lists[EVENT_IDS], lists[NODE_IDS], np.array(lists[VALUES]), lists[TIMES], where)
    return list(map(Event._make, zip(*lists.values(), strict=True)))


def _check_lists(
    event_ids: list[str], node_ids: list[int] | list[str], values: np.ndarray, times: list[int], where: str
) -> None:
    if "" in event_ids or "" in node_ids:
        raise DataError(f"{where}: an event with a null or empty id", fix=_AGAIN)
    if not np.isfinite(values).all():
        place = int(np.flatnonzero(~np.isfinite(values))[0])
        raise DataError(f"{where}: event {event_ids[place]} has the value {values[place]}", fix=_AGAIN)
    bad = next((i for i, time in enumerate(times) if not 0 < time <= _LAST), None)
    if bad is not None:
        raise DataError(
            f"{where}: event {event_ids[bad]} has the time {times[bad]}, not microseconds after 1970",
            fix=_AGAIN,
        )


def _check_conflicts(events: Sequence[Event], where: str) -> None:
    known: dict[str, Event] = {}
    for event in events:
        first = known.setdefault(event.event_id, event)
        if first != event:
            raise DataError(f"{where}: two events with the id {event.event_id}: {first}, {event}", fix=_AGAIN)
