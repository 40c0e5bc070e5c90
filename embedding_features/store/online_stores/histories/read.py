"""Histories of many nodes as flat arrays."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from feast import FeatureView
from feast.types import Array, Int64

from embedding_features.arrays import F64, I64
from embedding_features.store.online_stores.histories.history import NODE_IDS, TIMES, VALUES
from embedding_features.store.online_stores.pushed import Row


@dataclass(frozen=True)
class EventHistories:
    """Holds the events of n nodes one after the other, of each node oldest first.

    Attributes:
        offsets: [n + 1] where each node's events begin, and where the last one's end.
        node_ids: [m] ids of the other side, int64 or string.
        values: [m] of the events.
        times: [m] microseconds since 1970, UTC.
    """

    offsets: I64
    node_ids: pa.Array
    values: F64
    times: I64

    @property
    def rows(self) -> I64:
        """Return [m] the place of each event's node among those asked for."""
        return np.repeat(np.arange(len(self.offsets) - 1), np.diff(self.offsets))


def histories(view: FeatureView, rows: Mapping[int, Row], count: int, before: int | None) -> EventHistories:
    """Return the histories of nodes as flat arrays.

    Args:
        view: the view of histories.
        rows: place → row; a node without one has no events.
        count: how many nodes there are.
        before: microseconds since 1970: only events before are returned; None for all.
    """
    text = _dtype(view) != Array(Int64)
    offsets = np.zeros(count + 1, np.int64)
    parts: list[tuple[I64, F64, list[int] | list[str]]] = []
    for place in sorted(rows):
        lists = rows[place].values
        times = np.array(list(lists[TIMES].int64_list_val.val), np.int64)
        end = len(times) if before is None else int(np.searchsorted(times, before))
        nodes = lists[NODE_IDS].string_list_val if text else lists[NODE_IDS].int64_list_val
        parts.append(
            (times[:end], np.array(list(lists[VALUES].double_list_val.val)[:end]), list(nodes.val)[:end])
        )
        offsets[place + 1] = end
    ids = [node_id for *_, node_ids in parts for node_id in node_ids]
    return EventHistories(
        np.cumsum(offsets),
        pa.array(ids, pa.string() if text else pa.int64()),
        np.concatenate([values for _, values, _ in parts] or [np.empty(0)]),
        np.concatenate([times for times, _, _ in parts] or [np.empty(0, np.int64)]),
    )


def _dtype(view: FeatureView) -> object:
    """Return the type of the ids of the other side."""
    return next(field.dtype for field in view.features if field.name == NODE_IDS)
