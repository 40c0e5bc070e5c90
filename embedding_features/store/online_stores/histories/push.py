"""Pushes of events: each node's are merged into its history, in one step for each history."""

from collections.abc import Sequence

from feast import FeatureView

from embedding_features.store.marks import kept_events
from embedding_features.store.online_stores.feast_reads import Written
from embedding_features.store.online_stores.histories.checks import checked_events
from embedding_features.store.online_stores.histories.history import (
    PushedEvents,
    history_events,
    history_row,
    merged,
)
from embedding_features.store.online_stores.pushed import Row
from embedding_features.store.online_stores.stored_view import StoredView


def push_events(stored: StoredView, view: FeatureView, data: Sequence[Written]) -> PushedEvents:
    """Merge the events of rows into the histories that are there, and say what became of them.

    Of each node the newest events are kept, as many as the view says, whoever pushes them, in whatever order.
    A history is the old or the new one for every reader, also when who pushes is killed; the same push again
    changes nothing.

    Raises:
        DataError, StoreError: as :func:`.checked_events` has them; nothing is written then.
        StoreError: when the view was never applied, or histories cannot be written.
    """
    nodes, keep = checked_events(view, data), kept_events(view)
    pushed, counts = list(nodes.values()), [PushedEvents()] * len(nodes)

    def changed(place: int, row: Row | None) -> Row | None:
        known = history_events(row) if row else []
        history, counts[place] = merged(known, pushed[place].events, keep)
        return None if history == known else history_row(pushed[place].entity, history)

    stored.change(list(nodes), changed)
    return sum(counts, PushedEvents())
