"""From labels and a training table of the feature store to what rankers learn from and are judged on."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from embedding_features.arrays import F32, I64, Bool
from embedding_features.arrow import mask
from embedding_features.errors import DataError
from embedding_features.fresh import FreshSeries
from embedding_features.progress import SILENT, Advance, Progress
from ranking.dataset.graph_columns import find_graph_columns
from ranking.dataset.raw_columns import RawColumns
from ranking.dataset.snapshot_age import snapshot_age
from ranking.encoders import Encoders, fit_encoders
from ranking.inputs.inputs import Inputs
from ranking.inputs.spec import RankerSpec
from ranking.log_features.histories import Histories
from ranking.log_features.log import Log
from ranking.task.task import PARTS, Task


@dataclass(frozen=True)
class Dataset:
    """Holds all rows of a task, in the order of its labels.

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
    labels: pa.Table | Log,
    features: pa.Table,
    snapshots: Sequence[datetime],
    progress: Progress = SILENT,
    *,
    spec: RankerSpec | None = None,
    histories: Histories | None = None,
    history_vectors: Mapping[str, pa.ChunkedArray] | None = None,
    fresh: Sequence[FreshSeries] = (),
) -> Dataset:
    """Build the fields of ids, side tables, history and graph features; encoders know the training rows only.

    Args:
        task: what is ranked.
        labels: of :func:`.load_labels`, or the :class:`.Log` of them where other steps need it as well.
        features: the store's answer to :func:`.entity_frame`, a row a label in its order; null
            where nothing older than the label is known.
        snapshots: the moments (``as_of``) of the snapshots it was answered from.
        progress: is told of the three steps.
        spec: the fields; every one that can be made by default.
        histories: the users' last items, of the same labels; None for inputs without sequences.
        history_vectors: name of a view of item vectors, as ``toy_item_vector`` → the store's answer to
            ``histories.frame(task)``.
        fresh: what makes fresh figures of the labels' earlier events, by family and side.

    Raises:
        DataError: when the table is of other rows, or a column breaks its rule.
        LeakError: when a row has graph features though no snapshot is strictly older.
    """
    views = find_graph_columns(task, features)
    with progress.task("rank: inputs", total=3) as advance:
        raw = RawColumns(task, labels, views, snapshots, histories, history_vectors, fresh)
        advance()
        return _encoded(raw, features, spec, advance)


def encode_dataset(
    raw: RawColumns, features: pa.Table, progress: Progress = SILENT, *, spec: RankerSpec | None = None
) -> Dataset:
    """Build the data set of raw columns that have been made already, as for a leak check.

    Args:
        raw: the raw columns of all labels, with the moments of all snapshots.
        features: as :func:`build_dataset` takes them.
        progress: is told of the steps.
        spec: the fields; every one that can be made by default.

    Raises:
        DataError: as :func:`build_dataset`; likewise LeakError.
    """
    with progress.task("rank: inputs", total=2) as advance:
        return _encoded(raw, features, spec, advance)


def _encoded(raw: RawColumns, features: pa.Table, spec: RankerSpec | None, advance: Advance) -> Dataset:
    if len(features) != len(raw.log):
        raise DataError(f"{len(features)} rows of features beside {len(raw.log)} labels")
    age = snapshot_age(raw, 0, features)
    table, labels = raw.part(0, features), raw.log.labels
    advance()
    encoders = fit_encoders(spec or raw.spec(features), table, training_rows(labels))
    inputs = encoders.encode(table, label_values(labels))
    advance()
    return assemble(raw, inputs, encoders, age)


def assemble(raw: RawColumns, inputs: Inputs, encoders: Encoders, age: F32) -> Dataset:
    """Return the data set of encoded inputs; a user's rows are ranked against each other.

    Args:
        raw: the raw columns that the inputs were encoded from.
        inputs: the inputs of all labels.
        encoders: what they were encoded with.
        age: [n] as :func:`.snapshot_age` returns it.
    """
    log, levels = raw.log, raw.counted.levels
    return Dataset(
        inputs=replace(inputs, group=log.user),
        parts={part: np.flatnonzero(_in_part(log.labels, part)) for part in PARTS},
        user=log.user,
        item=log.item,
        user_events=levels["user_events"].to_numpy(),
        item_events=levels["item_events"].to_numpy(),
        snapshot_age=age,
        encoders=encoders,
        domain=raw.domains(),
    )


def training_rows(labels: pa.Table) -> Bool:
    """Return [n] which labels are of the training part."""
    return _in_part(labels, "train")


def label_values(labels: pa.Table) -> F32:
    """Return [n] 0 or 1."""
    return np.array(labels["label"].to_numpy(), np.float32)


def _in_part(labels: pa.Table, part: str) -> Bool:
    return mask(pc.equal(labels["split"], part))
