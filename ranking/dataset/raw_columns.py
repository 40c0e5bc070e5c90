"""The raw columns of a task's labels: what the log, side tables and the store say, before any encoding."""

from collections.abc import Mapping, Sequence
from datetime import datetime

import pyarrow as pa

from embedding_features.errors import DataError
from ranking.dataset.base_fields import id_specs, level_specs, side_columns, side_specs, side_table, tags
from ranking.dataset.feature_kinds.neighbours import neighbour_columns
from ranking.dataset.graph_columns import GraphColumns
from ranking.dataset.graph_fields import graph_specs
from ranking.inputs.arrow import flat_array
from ranking.inputs.field_specs import AnyField, HistorySpec, NumberSpec
from ranking.inputs.spec import RankerSpec
from ranking.log_features.histories import COLUMN, Histories
from ranking.log_features.item_knn import item_knn_columns
from ranking.log_features.levels import history_features
from ranking.log_features.neighbour_scores import EarlierEvents
from ranking.task.task import SIDES, Side, Task


class RawColumns:
    """Makes raw columns for any run of the labels.

    A request to a service has the same columns: ``user_id`` and ``item_id``, the counts and means of
    :func:`.history_features`, the scores of :func:`.item_knn_columns`,
    ``<side>_<column>`` of side tables, the store's ``<view>__<feature>``, ``<view's name>_<kind>`` of
    :func:`.neighbour_scores`, and the histories.

    Args:
        labels: of :func:`.load_labels`.
        moments: the snapshots' ``as_of``, at which :func:`.item_knn_columns` looks for
            similar items; none for labels that need no such columns.
        histories: of the same labels; None for inputs without sequences.
        vectors: name of a view of item vectors → the store's answer to the histories' frame.
    """

    def __init__(
        self,
        task: Task,
        labels: pa.Table,
        views: Sequence[GraphColumns],
        moments: Sequence[datetime] = (),
        histories: Histories | None = None,
        vectors: Mapping[str, pa.ChunkedArray] | None = None,
    ) -> None:
        self.task, self.labels, self.views, self.histories = task, labels, views, histories
        self._sides = {side: side_table(task, side) for side in SIDES}
        self.levels = history_features(labels, tags(task, self._sides["item"]))
        residual = self.levels["residual"]
        sides: set[Side] = {view.side for view in views if view.kind == "neighbours"}
        if moments:
            sides.add("item")
        self._met = {side: EarlierEvents.of(labels, residual, side) for side in sides}
        self._knn = item_knn_columns(labels, moments, self._met["item"]) if moments else None
        self._vectors = {}
        if histories is not None:
            self._vectors = {name: histories.vectors(answer) for name, answer in (vectors or {}).items()}

    def part(self, start: int, features: pa.Table) -> pa.Table:
        """The columns of the labels from ``start``, as many as there are rows of features.

        Raises:
            DataError: when a column breaks its rule, or two come under one name.
        """
        count = len(features)
        rows = self.labels.slice(start, count)
        columns: dict[str, pa.ChunkedArray] = {f"{side}_id": rows[f"{side}_id"] for side in SIDES}
        parts: list[Mapping[str, pa.ChunkedArray]] = [
            _columns(self.levels.drop_columns(["residual"]).slice(start, count)),
            _columns(self._knn.slice(start, count)) if self._knn is not None else {},
            *self._side_columns(rows),
            _columns(features.select([c for view in self.views for c in view.features.values()])),
            *(
                neighbour_columns(view, self._met[view.side], start, features)
                for view in self.views
                if view.kind == "neighbours"
            ),
            self._histories(start, start + count),
        ]
        for part in parts:
            twice = sorted(set(columns) & set(part))
            if twice:
                raise DataError(f"two raw columns are named {twice[0]!r}", fix="rename a side table's column")
            columns.update(part)
        return pa.table(columns)

    def spec(self, features: pa.Table) -> RankerSpec:
        """Every field that can be made, in the order of the columns; codes are vocabularies."""
        fields: list[AnyField] = [*id_specs(), *level_specs(self.levels.column_names)]
        if self._knn is not None:
            fields += [NumberSpec(name=name, group="knn", column=name) for name in self._knn.column_names]
        for side in SIDES:
            fields += side_specs(self.task, side)
        fields += graph_specs(self.views, features)
        if self.histories is not None:
            length = self.histories.length
            fields.append(HistorySpec(name=COLUMN, column=COLUMN, length=length))
            fields += [
                HistorySpec(
                    name=f"{COLUMN}_{name}",
                    group="dense",
                    family=self._family(name),
                    whose="item",
                    column=COLUMN,
                    vectors=f"{COLUMN}_{name}",
                    candidate=name,
                    length=length,
                )
                for name in self._vectors
            ]
        return RankerSpec(fields=tuple(fields))

    def domains(self) -> pa.Array | None:
        """[n] the domain of each label's item; None where the task names no such column."""
        table, name = self._sides["item"], self.task.item.domain
        if table is None or name is None:
            return None
        ids = flat_array(self.labels["item_id"])
        return flat_array(side_columns(self.task, "item", table, ids)[f"item_{name}"]).cast(pa.string())

    def _family(self, view: str) -> str:
        """Of a view of item vectors."""
        return next((v.family for v in self.views if f"{v.prefix}_vector" == view), "")

    def _side_columns(self, rows: pa.Table) -> list[dict[str, pa.ChunkedArray]]:
        return [
            side_columns(self.task, side, table, flat_array(rows[f"{side}_id"]))
            for side, table in self._sides.items()
            if table is not None
        ]

    def _histories(self, start: int, stop: int) -> dict[str, pa.ChunkedArray]:
        if self.histories is None:
            return {}
        lists = {
            f"{COLUMN}_{name}": self.histories.lists(start, stop, vectors)
            for name, vectors in self._vectors.items()
        }
        return {COLUMN: self.histories.items(start, stop)} | lists


def _columns(table: pa.Table) -> dict[str, pa.ChunkedArray]:
    return dict(zip(table.column_names, table.columns, strict=True))
