"""From labels and a training table of the feature store to what rankers learn from and are judged on."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from embedding_features.arrays import F32, I64
from embedding_features.errors import DataError, LeakError
from embedding_features.progress import SILENT, Progress
from ranking.base_fields import history_fields, id_fields, id_vocabularies, side_fields, side_table
from ranking.baseline import history_features
from ranking.encoding import flat_array
from ranking.graph_columns import find_graph_columns
from ranking.graph_fields import Rows, dot_fields, graph_fields
from ranking.inputs import Field, Inputs, Vector
from ranking.task import PARTS, SIDES, Task

_DAY = 86_400_000_000


@dataclass(frozen=True)
class Dataset:
    """All rows of a task, in the order of its labels.

    Attributes:
        inputs: every field of every variant.
        parts: part of the split → its rows, ascending.
        user: [n] code of the row's user, whether seen in training or not; likewise ``item``.
        user_events: [n] events of the user strictly before the row; likewise ``item_events``.
        snapshot_age: [n] days since the newest snapshot before the row; NaN without any graph feature.
    """

    inputs: Inputs
    parts: Mapping[str, I64]
    user: I64
    item: I64
    user_events: I64
    item_events: I64
    snapshot_age: F32


def build_dataset(
    task: Task,
    labels: pa.Table,
    features: pa.Table,
    snapshots: Sequence[datetime],
    progress: Progress = SILENT,
) -> Dataset:
    """Fields of ids, side tables, history and graph features; vocabularies know the training rows only.

    Args:
        labels: of :func:`ranking.labels.load_labels`.
        features: the store's answer to :func:`ranking.labels.entity_frame`, a row a label in its order; null
            where nothing older than the label is known.
        snapshots: the moments (``as_of``) of the snapshots it was answered from.

    Raises:
        DataError: when the table is of other rows, or a column breaks its rule.
        LeakError: when a row has graph features though no snapshot is strictly older.
    """
    if features.num_rows != labels.num_rows:
        raise DataError(f"{features.num_rows} rows of features beside {labels.num_rows} labels")
    views = find_graph_columns(task, features)
    age = _snapshot_age(labels, features, [c for view in views for c in view.features.values()], snapshots)
    train = np.asarray(pc.equal(labels["split"], "train").to_numpy(zero_copy_only=False), np.bool_)
    with progress.task("rank: inputs", total=2 + len(views)) as advance:
        sides = {side: side_table(task, side) for side in SIDES}
        history = history_features(labels, _tags(task, sides["item"]))
        advance()
        ids = id_vocabularies(labels, train)
        fields: list[Field] = [*id_fields(labels, ids), *history_fields(history)]
        for side, table in sides.items():
            if table is not None:
                fields += side_fields(task, labels, side, table, train)
        advance()
        rows = Rows(labels, train, history["residual"], ids)
        for view in views:
            fields += graph_fields(rows, features, view)
            advance()
        fields += dot_fields([field for field in fields if isinstance(field, Vector)])
    label = np.ascontiguousarray(labels["label"].to_numpy(), np.float32)
    return Dataset(
        inputs=Inputs(label, tuple(fields)),
        parts={part: _rows(labels, part) for part in PARTS},
        user=_codes(labels["user_id"]),
        item=_codes(labels["item_id"]),
        user_events=history["user_events"].to_numpy(),
        item_events=history["item_events"].to_numpy(),
        snapshot_age=age,
    )


def _rows(labels: pa.Table, part: str) -> I64:
    return np.flatnonzero(pc.equal(labels["split"], part).to_numpy(zero_copy_only=False))


def _codes(ids: pa.ChunkedArray) -> I64:
    return np.asarray(flat_array(ids).dictionary_encode().indices.to_numpy(), np.int64)


def _tags(task: Task, items: pa.Table | None) -> dict[str, pa.Table]:
    """Each multi-valued column of the items as pairs of item and value."""
    if items is None or task.item.table is None:
        return {}
    tags = {}
    for column in task.item.table.multivalued:
        values = flat_array(items[column])
        parents = flat_array(items["key"]).take(pc.list_parent_indices(values))
        pairs = pa.table({"item_id": parents, "tag": pc.list_flatten(values)})
        tags[column] = pairs.group_by(["item_id", "tag"]).aggregate([])
    return tags


def _snapshot_age(
    labels: pa.Table, features: pa.Table, columns: Sequence[str], snapshots: Sequence[datetime]
) -> F32:
    moments = np.sort([pa.scalar(s, pa.timestamp("us", tz="UTC")).value for s in snapshots]).astype(np.int64)
    time = np.asarray(labels["timestamp"].cast(pa.int64()).to_numpy())
    newest = np.searchsorted(moments, time, side="left") - 1
    known = np.zeros(len(time), np.bool_)
    for column in columns:
        known |= np.asarray(pc.is_valid(features[column]).to_numpy(zero_copy_only=False), np.bool_)
    leaks = known & (newest < 0)
    if leaks.any():
        raise LeakError(
            f"{int(leaks.sum())} labels have graph features though no snapshot is older than they are",
            fix="name every snapshot's as_of, and join strictly older snapshots only",
        )
    age = np.full(len(time), np.nan, np.float32)
    age[known] = (time[known] - moments[newest[known]]) / _DAY
    return age
