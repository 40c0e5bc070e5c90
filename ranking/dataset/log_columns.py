"""The raw columns that the log alone gives: counts, means, item-kNN, and scores of neighbour lists."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

import pyarrow as pa

from ranking.dataset.feature_kinds.neighbours import neighbour_columns
from ranking.dataset.graph_columns import GraphColumns
from ranking.inputs.field_specs import AnyField, NumberSpec
from ranking.log_features.earlier_events import EarlierEvents
from ranking.log_features.item_knn import item_knn_columns
from ranking.log_features.levels import history_features
from ranking.log_features.log import Log
from ranking.task.task import Side


class LogColumns:
    """Counts, for every label of a log at once, what its user and item did before it.

    Args:
        log: the labels.
        tags: the items' tags (:meth:`.SideTables.tags`).
        neighbour_sides: sides whose neighbour lists will be scored.
        moments: at which :func:`.item_knn_columns` looks for similar items; none for no such columns.

    Attributes:
        levels: :func:`.history_features` of the log.
        item_knn: :func:`.item_knn_columns` of the log; None without moments.
    """

    def __init__(
        self,
        log: Log,
        tags: Mapping[str, pa.Table],
        neighbour_sides: Collection[Side],
        moments: Sequence[datetime],
    ) -> None:
        self.levels = history_features(log, tags)
        residual = self.levels["residual"]
        sides: set[Side] = {*neighbour_sides, "item"} if moments else {*neighbour_sides}
        self._events = {side: EarlierEvents.of(log, residual, side) for side in sides}
        self.item_knn = item_knn_columns(log, moments, self._events["item"]) if moments else None

    def columns(self, start: int, count: int) -> dict[str, pa.ChunkedArray]:
        """Return the counts, means and item-kNN scores of ``count`` labels from ``start``."""
        tables = [self.levels.drop_columns(["residual"])]
        if self.item_knn is not None:
            tables.append(self.item_knn)
        return {name: table[name].slice(start, count) for table in tables for name in table.column_names}

    def neighbours(self, view: GraphColumns, start: int, features: pa.Table) -> dict[str, pa.ChunkedArray]:
        """Return :func:`.neighbour_columns` of a view of neighbours, for the labels from ``start``."""
        return neighbour_columns(view, self._events[view.side], start, features)

    def specs(self) -> list[AnyField]:
        """Return a number of each of :meth:`columns`; counts as logarithms."""
        levels = [
            NumberSpec(
                name=name,
                group="counts",
                column=name,
                transform="log1p" if name.endswith("_events") else "none",
            )
            for name in self.levels.column_names
            if name != "residual"
        ]
        similar = [] if self.item_knn is None else self.item_knn.column_names
        return [*levels, *(NumberSpec(name=name, group="knn", column=name) for name in similar)]
