"""The raw columns of a task's labels: what the log, side tables and the store say, before any encoding."""

from collections.abc import Mapping, Sequence
from datetime import datetime

import pyarrow as pa

from embedding_features.arrow import flat_array
from embedding_features.errors import DataError
from embedding_features.fresh import FreshSeries
from ranking.dataset.fresh_columns import FreshColumns
from ranking.dataset.graph_columns import GraphColumns
from ranking.dataset.graph_fields import graph_specs
from ranking.dataset.history_columns import HistoryColumns
from ranking.dataset.log_columns import LogColumns
from ranking.dataset.side_tables import SideTables
from ranking.inputs.field_specs import AnyField, CategorySpec
from ranking.inputs.spec import RankerSpec
from ranking.log_features.histories import Histories
from ranking.log_features.log import Log
from ranking.task.task import SIDES, Task


class RawColumns:
    """Makes raw columns for any run of the labels.

    A request to a service has the same columns: ``user_id`` and ``item_id``, the counts and means of
    :func:`.history_features`, the scores of :func:`.item_knn_columns`,
    ``<side>_<column>`` of side tables, the store's ``<view>__<feature>``, ``<view's name>_<kind>`` of
    :func:`.neighbour_scores`, ``<family>_<node type>_fresh__<figure>`` (:class:`.FreshColumns`), and the
    histories.

    Args:
        task: which names the side tables.
        labels: of :func:`.load_labels`, or the :class:`.Log` of them.
        views: the graph columns among the features that :meth:`part` is given.
        moments: the snapshots' ``as_of``, at which :func:`.item_knn_columns` looks for
            similar items; none for labels that need no such columns.
        histories: of the same labels; None for inputs without sequences.
        vectors: name of a view of item vectors → the store's answer to the histories' frame.
        fresh: what makes fresh figures of the labels' earlier events, by family and side.
        first: the first label that :meth:`part` will be asked for.
        side_tables: of the task, where they have been read already.

    Attributes:
        log: the labels as arrays.
        side_tables: of the task.
        counted: what the log alone says of each label.
    """

    def __init__(
        self,
        task: Task,
        labels: pa.Table | Log,
        views: Sequence[GraphColumns],
        moments: Sequence[datetime] = (),
        histories: Histories | None = None,
        vectors: Mapping[str, pa.ChunkedArray] | None = None,
        fresh: Sequence[FreshSeries] = (),
        first: int = 0,
        side_tables: SideTables | None = None,
    ) -> None:
        self.task, self.views, self.moments, self.fresh = task, views, moments, fresh
        self.log = Log.of(labels)
        self.side_tables = side_tables or SideTables.read(task)
        scored = {view.side for view in views if view.kind == "neighbours"}
        self.counted = LogColumns(self.log, self.side_tables.tags(), scored, moments)
        self._fresh = FreshColumns(fresh, task, self.log, first)
        self._histories = None if histories is None else HistoryColumns(histories, vectors or {})

    def part(self, start: int, features: pa.Table) -> pa.Table:
        """Return the columns of the labels from ``start``, as many as there are rows of features.

        Args:
            start: the first label.
            features: the store's answer to :func:`.entity_frame` of these labels.

        Raises:
            DataError: when a column breaks its rule, or two come under one name.
        """
        count = len(features)
        rows = self.log.labels.slice(start, count)
        neighbours = [view for view in self.views if view.kind == "neighbours"]
        pretrained = [column for view in self.views for column in view.features.values()]
        return _joined(
            [
                {f"{side}_id": rows[f"{side}_id"] for side in SIDES},
                self.counted.columns(start, count),
                *self.side_tables.columns(rows),
                {name: features[name] for name in pretrained},
                *(self.counted.neighbours(view, start, features) for view in neighbours),
                self._fresh.columns(start, count),
                {} if self._histories is None else self._histories.columns(start, count),
            ]
        )

    def spec(self, features: pa.Table) -> RankerSpec:
        """Return every field that can be made, in the order of the columns; codes are vocabularies.

        Args:
            features: some rows of the store's answer, which tell the dims of vectors.

        Raises:
            DataError: when a view lacks a feature.
        """
        fields: list[AnyField] = [
            CategorySpec(name=f"{side}_id", side=side, column=f"{side}_id", identity=True, keys=True)
            for side in SIDES
        ]
        fields += [*self.counted.specs(), *self.side_tables.specs(), *graph_specs(self.views, features)]
        fields += self._fresh.specs()
        if self._histories is not None:
            fields += self._histories.specs(self.views)
        return RankerSpec(fields=tuple(fields))

    def domains(self) -> pa.Array | None:
        """Return [n] the domain of each label's item; None where the task names no such column."""
        return self.side_tables.domains(flat_array(self.log.labels["item_id"]))


def _joined(parts: Sequence[Mapping[str, pa.ChunkedArray | pa.Array]]) -> pa.Table:
    """Return one table of the columns of all parts.

    Raises:
        DataError: when two parts have a column of one name.
    """
    columns: dict[str, pa.ChunkedArray | pa.Array] = {}
    for part in parts:
        twice = sorted(set(columns) & set(part))
        if twice:
            raise DataError(f"two raw columns are named {twice[0]!r}", fix="rename a side table's column")
        columns.update(part)
    return pa.table(columns)
