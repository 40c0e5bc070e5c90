"""Makes the sub-model an arm of an experiment: a snapshot's encoder inside rankers, on rows later than it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import cast

import pyarrow as pa
import pyarrow.compute as pc

from embedding_features.arrays import I64
from embedding_features.arrow import flat_array
from embedding_features.artifact import Snapshot
from embedding_features.progress import SILENT, Progress
from ranking.dataset.dataset import build_dataset
from ranking.experiment.arm import Arm
from ranking.experiment.arms import select
from ranking.experiment.factors.base import GridContext
from ranking.experiment.variants import Variant
from ranking.inputs.inputs import Inputs
from ranking.models.base import Ranker
from ranking.models.network import NetworkRanker
from ranking.modes.sub_encoder import FineTuning
from ranking.modes.submodel import SubModel, later_rows
from ranking.task.task import PARTS, SIDES, Side, Task


@dataclass(frozen=True)
class EncodedRows:
    """Rows with the vectors of one snapshot, and those that a ranker around its encoder may learn from.

    Attributes:
        snapshot: with its encoder.
        inputs: of all labels, with the snapshot's vectors where the label is later than it.
        parts: part of the split → its rows that are later than the snapshot.
    """

    snapshot: Snapshot
    inputs: Inputs
    parts: dict[str, I64]

    def part(self, name: str) -> Inputs:
        """Return the rows of one part."""
        return self.inputs.take(self.parts[name])


def encode_rows(
    task: Task,
    labels: pa.Table,
    snapshot: Snapshot,
    moments: Sequence[datetime],
    progress: Progress = SILENT,
) -> EncodedRows:
    """Return the labels with the snapshot's vectors beside what every variant has.

    Args:
        task: what rankers predict.
        labels: as :func:`.load_labels` returns them.
        snapshot: whose vectors the labels get, where they are later than it.
        moments: ``as_of`` of the other snapshots; with its own the moments of :func:`.build_dataset`.
        progress: shows how the inputs are made.
    """
    manifest = snapshot.manifest
    columns = {
        f"{manifest.space.family}_{task.side(side).node_type}_vector__vector": _vectors(
            task, side, labels, snapshot
        )
        for side in SIDES
    }
    every_moment = sorted({*moments, manifest.as_of})
    dataset = build_dataset(task, labels, pa.table(columns), every_moment, progress)
    inputs, _ = select(dataset, Variant(features="dense"), GridContext((manifest.space.family,)))
    parts = {part: later_rows(labels, dataset.parts[part], manifest.as_of) for part in PARTS}
    return EncodedRows(snapshot, inputs, parts)


def sub_model(task: Task, snapshot: Snapshot, ranker: NetworkRanker, tuning: FineTuning | None) -> SubModel:
    """Return a ranker around the encoder of a snapshot; without ``tuning`` the encoder stays frozen."""
    return SubModel(ranker=ranker, snapshot=snapshot.folder, node_types=task.node_types, tuning=tuning)


def sub_model_arm(task: Task, encoded: EncodedRows, name: str, tuning: FineTuning | None) -> Arm:
    """Return the sub-model among the variants of a grid: it learns from rows later than its encoder."""

    def around_encoder(ranker: Ranker) -> Ranker | None:
        if not ranker.represents:
            return None
        return sub_model(task, encoded.snapshot, cast(NetworkRanker, ranker), tuning)

    return Arm(name, lambda: encoded.inputs, encoded.parts, around_encoder)


def _vectors(task: Task, side: Side, labels: pa.Table, snapshot: Snapshot) -> pa.Array:
    """Return [n] a side's vectors, null for labels that are not later than the snapshot."""
    node_type = task.side(side).node_type
    table = snapshot.table(node_type)
    row = pc.index_in(flat_array(labels[f"{side}_id"]), value_set=flat_array(table[f"{node_type}_id"]))
    later = pc.greater(
        labels["timestamp"], pa.scalar(snapshot.manifest.as_of, labels["timestamp"].type)
    ).combine_chunks()
    return flat_array(table["vector"]).take(pc.if_else(later, row, None))
