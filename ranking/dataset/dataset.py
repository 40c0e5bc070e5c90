"""From labels and a training table of the feature store to what rankers learn from and are judged on."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from embedding_features.arrays import F32, I64, Bool
from embedding_features.errors import DataError, LeakError
from embedding_features.progress import SILENT, Progress
from ranking.dataset.graph_columns import GraphColumns, find_graph_columns
from ranking.dataset.raw_columns import RawColumns
from ranking.encoders import Encoders, fit_encoders
from ranking.inputs.arrow import flat_array
from ranking.inputs.inputs import Inputs
from ranking.inputs.spec import RankerSpec
from ranking.log_features.histories import Histories, as_micros
from ranking.task.task import PARTS, Task

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
        encoders: what the inputs were encoded with, and a service encodes a request with.
        domain: [n] of the row's item, as the task's column of domains says; None without one.
    """

    inputs: Inputs
    parts: Mapping[str, I64]
    user: I64
    item: I64
    user_events: I64
    item_events: I64
    snapshot_age: F32
    encoders: Encoders
    domain: pa.Array | None = None


def build_dataset(
    task: Task,
    labels: pa.Table,
    features: pa.Table,
    snapshots: Sequence[datetime],
    progress: Progress = SILENT,
    *,
    spec: RankerSpec | None = None,
    histories: Histories | None = None,
    history_vectors: Mapping[str, pa.ChunkedArray] | None = None,
) -> Dataset:
    """Fields of ids, side tables, history and graph features; encoders know the training rows only.

    Args:
        labels: of :func:`.load_labels`.
        features: the store's answer to :func:`.entity_frame`, a row a label in its order; null
            where nothing older than the label is known.
        snapshots: the moments (``as_of``) of the snapshots it was answered from.
        spec: the fields; every one that can be made by default.
        histories: the users' last items, of the same labels; None for inputs without sequences.
        history_vectors: name of a view of item vectors, as ``toy_item_vector`` → the store's answer to
            ``histories.frame(task)``.

    Raises:
        DataError: when the table is of other rows, or a column breaks its rule.
        LeakError: when a row has graph features though no snapshot is strictly older.
    """
    if features.num_rows != labels.num_rows:
        raise DataError(f"{features.num_rows} rows of features beside {labels.num_rows} labels")
    views = find_graph_columns(task, features)
    age = snapshot_age(labels, features, views, snapshots)
    with progress.task("rank: inputs", total=3) as advance:
        raw = RawColumns(task, labels, views, snapshots, histories, history_vectors)
        advance()
        table = raw.part(0, features)
        advance()
        encoders = fit_encoders(spec or raw.spec(features), table, training_rows(labels))
        inputs = encoders.encode(table, label_values(labels))
        advance()
    return assemble(raw, inputs, encoders, age)


def assemble(raw: RawColumns, inputs: Inputs, encoders: Encoders, age: F32) -> Dataset:
    """The data set of encoded inputs; a user's rows are ranked against each other."""
    user = _codes(raw.labels["user_id"])
    return Dataset(
        inputs=replace(inputs, group=user),
        parts={part: _rows(raw.labels, part) for part in PARTS},
        user=user,
        item=_codes(raw.labels["item_id"]),
        user_events=raw.levels["user_events"].to_numpy(),
        item_events=raw.levels["item_events"].to_numpy(),
        snapshot_age=age,
        encoders=encoders,
        domain=raw.domains(),
    )


def training_rows(labels: pa.Table) -> Bool:
    """[n] which labels are of the training part."""
    return np.asarray(pc.equal(labels["split"], "train").to_numpy(zero_copy_only=False), np.bool_)


def label_values(labels: pa.Table) -> F32:
    """[n] 0 or 1."""
    return np.array(labels["label"].to_numpy(), np.float32)


def _rows(labels: pa.Table, part: str) -> I64:
    return np.flatnonzero(pc.equal(labels["split"], part).to_numpy(zero_copy_only=False))


def _codes(ids: pa.ChunkedArray) -> I64:
    return np.asarray(flat_array(ids).dictionary_encode().indices.to_numpy(), np.int64)


def snapshot_age(
    labels: pa.Table, features: pa.Table, views: Sequence[GraphColumns], snapshots: Sequence[datetime]
) -> F32:
    """[n] days since the newest snapshot strictly before each label; NaN without any graph feature.

    Raises:
        LeakError: when a row has graph features though no snapshot is strictly older.
    """
    moments = as_micros(snapshots)
    time = np.asarray(labels["timestamp"].cast(pa.int64()).to_numpy())
    newest = np.searchsorted(moments, time, side="left") - 1
    known = np.zeros(len(time), np.bool_)
    for column in (column for view in views for column in view.features.values()):
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
