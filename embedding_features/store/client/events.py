"""What a service does with histories of events: pushes what happens, and reads what happened before."""

from datetime import datetime

from embedding_features.ids import Ids
from embedding_features.store.client.current_plans import CurrentPlans
from embedding_features.store.client.event_rows import event_rows
from embedding_features.store.moments import aware_micros
from embedding_features.store.online_stores.histories.history import PushedEvents
from embedding_features.store.online_stores.histories.read import EventHistories
from embedding_features.store.outside_errors import file_errors
from embedding_features.store.retrieval.frames import Frame, as_table


class EventMethods:
    """Pushes and reads histories of events, for a client with the plans of its repository."""

    _plans: CurrentPlans

    @file_errors("pushing events")
    def push_events(self, node_type: str, events: Frame) -> PushedEvents:
        """Merge events into the histories of their nodes; the next read, anywhere, sees them.

        Of each node the newest events are kept, as many as the repository's settings say, whoever pushes
        them, in whatever order; an id that is known already counts once. A killed push leaves of each history
        the old or the new one. Push again what failed: nothing comes twice.

        Args:
            node_type: whose histories they are.
            events: one a row, as an Arrow table or a frame of pandas or polars. Columns: ``<node type>_id``,
                ``<of>_id`` (which the snapshot need not know), ``value`` (a number), ``event_timestamp``
                (with a zone; finer than microseconds is rounded up) and, maybe, ``event_id`` (strings or
                integers; a hash of the other four where there is none).

        Returns:
            What became of the events.

        Raises:
            DataError: on a missing column, nulls, ids of another type than those published, a value that is
                NaN or infinite, a time without a zone or not after 1970, or two different events of a node
                with one id; nothing is written then.
            NoHistoriesError: when no histories of that node type are kept.
            StoreError: when the online store is not one that merges them, or it cannot be written.
        """
        history = self._plans.get().history(node_type)
        rows = event_rows(history, as_table(events))
        return history.online.push_events(history.config, history.view, rows)

    @file_errors("reading events")
    def events(self, node_type: str, ids: Ids, *, before: datetime | None = None) -> EventHistories:
        """Return the newest events of nodes, of each oldest first; a node that has none has no events.

        Args:
            node_type: whose histories they are.
            ids: [n] ids (NumPy, Arrow, a list, a series of pandas or polars, or one id; no null).
            before: only events strictly before this moment; None for all.

        Raises:
            DataError: when ids are null or of another type than the entity's, or ``before`` has no zone.
            NoHistoriesError: when no histories of that node type are kept.
            StoreError: when they are not online.
        """
        history = self._plans.get().history(node_type)
        moment = None if before is None else aware_micros(before, f"events before {before}")
        return history.online.read_events(history.config, history.view, ids, moment)
