"""Fresh figures for a client: a node's vector and scores as of now, by the snapshots of a service."""

import threading
import time
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np

from embedding_features.arrays import F32, F64
from embedding_features.arrow import flat_array
from embedding_features.artifact import Snapshot
from embedding_features.errors import CompatibilityError, DataError, StoreError
from embedding_features.fresh import LAST_EVENTS, FreshSeries, NodeEvents
from embedding_features.fresh.queries import MEAN_WEIGHT, QUERY_EVENTS, query_vectors
from embedding_features.ids import Ids, flat_ids, id_column
from embedding_features.store.client.event_rows import event_times, event_values
from embedding_features.store.client.events import EventMethods
from embedding_features.store.client.pinned_vectors import all_pinned_vectors
from embedding_features.store.moments import aware_micros
from embedding_features.store.outside_errors import file_errors
from embedding_features.store.retrieval.frames import Frame, as_table


class FreshMethods(EventMethods):
    """Makes fresh figures, for a client of the repository ``repo``."""

    repo: Path

    def __init__(self) -> None:
        self._series: dict[tuple[Any, ...], FreshSeries] = {}
        self._means: dict[tuple[Path, str], F64] = {}
        self._series_lock = threading.Lock()

    @file_errors("making fresh figures")
    def fresh(
        self,
        node: int | str,
        others: Ids,
        *,
        events: Frame | NodeEvents | None = None,
        node_type: str = "user",
        service: str = "ranking_dense",
        families: Sequence[str] | None = None,
        recipes: Sequence[str] = ("fold_in",),
        last: int = LAST_EVENTS,
        at: datetime | None = None,
    ) -> Mapping[str, F64]:
        """Return what a node's latest events say of other nodes: scores, variances, and the node's vector.

        They are those that :meth:`.FreshSeries.rows` gives a row of a log at the same moment. An item that
        no snapshot has is skipped as an event and has no score; a node without events has its prior's.

        Args:
            node: id of the node, which no snapshot need know.
            others: [m] ids of nodes of the other side, such as candidates.
            events: the node's events: a table with columns ``<other>_id``, ``value`` and ``event_timestamp``
                (with a zone), or arrays; None reads those of the online store (:meth:`events`).
            node_type: of the node.
            service: whose pinned snapshots are used.
            families: those of the service; None for all.
            recipes: what is made, names among :data:`.RECIPES`.
            last: newest events that count.
            at: the moment, with a zone; events at it or later do not count. None is now.

        Returns:
            ``<family>_<node type>_fresh__<recipe>_<figure>`` → [m], or [dim] of a vector; NaN where nothing
            is known.

        Raises:
            StoreError: when the service has no vectors of the node type or of a family, no histories are
                kept, or a snapshot is not older than ``at``.
            CompatibilityError: when a snapshot has not what a recipe is made of.
            DataError: when ids are of the wrong type, a value is NaN or infinite, or a time has no zone.
        """
        moment = time.time_ns() // 1000 if at is None else aware_micros(at, f"the moment {at}")
        folders = self._folders(service, node_type, families)
        figures: dict[str, F64] = {}
        history: NodeEvents | None = None
        for folder in folders.values():
            series = self._series_of(folder, node_type, tuple(recipes), last)
            if series.moments[0] >= moment:
                raise StoreError(
                    f"the snapshot {folder.name} is not older than the moment {moment} µs",
                    fix="ask for a later moment, or of an older service",
                )
            if history is None:
                history = self._history(node, node_type, series.other, events)
            found = series.request(node, history, others, moment)
            figures |= {series.column(name): values for name, values in found.items()}
        return figures

    @file_errors("making a query of events")
    def query_vector(
        self,
        node: int | str,
        *,
        events: Frame | NodeEvents | None = None,
        node_type: str = "user",
        service: str = "ranking_dense",
        last: int = QUERY_EVENTS,
        mean_weight: float = MEAN_WEIGHT,
    ) -> F32 | None:
        """Return the vector by which a node's latest events are searched for (:func:`.query_vectors`).

        Args:
            node: id of the node, which no snapshot need know.
            events: as :meth:`fresh` takes them.
            node_type: of the node.
            service: by whose vectors of the node type it is made.
            last: newest events that count.
            mean_weight: of the mean node's vector, which is added.

        Returns:
            [dim]; None of a node without events.

        Raises:
            NoHistoriesError: when no events are given and no histories of the node type are kept.
            StoreError: when the service has not one view of vectors of the node type.
            CompatibilityError: when its snapshot cannot fold nodes in.
            DataError: as :meth:`fresh`.
        """
        folder, moment = self._plans.get().vectors(service, node_type).folder, time.time_ns() // 1000
        series = self._series_of(folder, node_type, ("fold_in",), LAST_EVENTS)
        history = self._history(node, node_type, series.other, events)
        if not (history.time < moment).any():
            return None
        vectors = query_vectors(
            series,
            self._mean_of(folder, node_type),
            id_column(node),
            np.zeros(len(history.time), np.int64),
            history,
            history.others[:1],
            moment,
            last=last,
            mean_weight=mean_weight,
        )
        return np.asarray(vectors[0], np.float32)

    def _mean_of(self, folder: Path, node_type: str) -> F64:
        """Return the mean of a snapshot's vectors, made once."""
        key = (folder, node_type)
        if key not in self._means:
            table = Snapshot.open(folder, verify=False).vectors(node_type)
            mean: F64 = table.vectors.mean(axis=0, dtype=np.float64)
            runs = self._plans.get().runs()
            self._means = {k: v for k, v in self._means.items() if k[0].name in runs} | {key: mean}
        return self._means[key]

    def _folders(self, service: str, node_type: str, families: Sequence[str] | None) -> dict[str, Path]:
        """Return family → folder of the snapshot whose vectors of a node type a service is pinned to."""
        pinned = all_pinned_vectors(self.repo, self._plans.get().of(service).asked, node_type)
        found = {vectors.family: vectors.folder for vectors in pinned}
        wanted = list(found) if families is None else list(families)
        missing = sorted(set(wanted) - set(found))
        if missing or not wanted:
            raise StoreError(
                f"service {service} has no vectors of {node_type} by {', '.join(missing) or 'any family'}",
                fix=f"name some of its families: {', '.join(found) or 'none'}",
            )
        return {family: found[family] for family in wanted}

    def _series_of(self, folder: Path, node_type: str, recipes: tuple[str, ...], last: int) -> FreshSeries:
        key = (folder, node_type, recipes, last)
        found = self._series.get(key)
        if found is None:
            with self._series_lock:
                found = self._series.get(key) or _read(folder, node_type, recipes, last)
                runs = self._plans.get().runs()
                self._series = {k: v for k, v in self._series.items() if k[0].name in runs} | {key: found}
        return found

    def _history(
        self, node: int | str, node_type: str, other: str, events: Frame | NodeEvents | None
    ) -> NodeEvents:
        if isinstance(events, NodeEvents):
            return events
        if events is None:
            kept = self.events(node_type, node)
            return NodeEvents(kept.node_ids, kept.values, kept.times)
        table = as_table(events)
        missing = sorted({f"{other}_id", "value", "event_timestamp"} - set(table.column_names))
        if missing:
            raise DataError(f"events without {', '.join(missing)}", fix=f"there are {table.column_names}")
        times = flat_array(table["event_timestamp"])
        if times.null_count:
            raise DataError("null among event_timestamp of events", fix="give times with a zone")
        values = event_values(flat_array(table["value"]))
        return NodeEvents(flat_ids(table[f"{other}_id"]), values, event_times(times))


def _read(folder: Path, node_type: str, recipes: tuple[str, ...], last: int) -> FreshSeries:
    series = FreshSeries.read([Snapshot.open(folder, verify=False)], node_type, recipes, last)
    lacking = sorted(set(recipes) - set(series.recipes))
    if lacking:
        raise CompatibilityError(
            f"{folder.name} has not what {', '.join(lacking)} is made of",
            fix="leave out what its method has nothing for, or publish it anew by this version",
        )
    return series
