"""An encoder of one moment inside rankers: what they may learn from, and the arm of an experiment."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from embedding_features.arrays import I64
from embedding_features.artifact import Snapshot
from embedding_features.errors import ConfigError
from embedding_features.graph import Graph
from embedding_features.progress import Progress
from jobs.pipeline import Pipeline, SubModelMode
from jobs.steps.graph import save_graph
from jobs.steps.pretrain import fit_snapshot
from ranking.dataset.dataset import build_dataset
from ranking.experiment.arm import Arm
from ranking.experiment.arms import select
from ranking.experiment.factors.base import GridContext
from ranking.experiment.variants import Variant
from ranking.inputs.arrow import flat_array
from ranking.inputs.inputs import Inputs
from ranking.models import Ranker
from ranking.models.network import NetworkRanker
from ranking.modes.sub_encoder import FineTuning
from ranking.modes.submodel import SubModel, later_rows
from ranking.task.task import PARTS, SIDES, Side, Task


@dataclass(frozen=True)
class Encoded:
    """An encoder of one moment: its snapshot, and the rows that may be learned from and tested on.

    Attributes:
        inputs: of all rows, with the snapshot's vectors where the row is later than it.
        parts: rows of each part later than the snapshot.
    """

    snapshot: Snapshot
    inputs: Inputs
    parts: dict[str, I64]

    def part(self, name: str) -> Inputs:
        return self.inputs.take(self.parts[name])


def submodel_arm(pipeline: Pipeline, labels: pa.Table, name: str, progress: Progress) -> Arm:
    """The sub-model among the variants of the grid: it learns from rows later than its encoder."""
    settings = submodel_settings(pipeline)
    encoded = encoded_rows(pipeline, labels, encoder_snapshot(pipeline, settings, progress), progress)

    def inside(ranker: Ranker) -> Ranker | None:
        if not isinstance(ranker, NetworkRanker):
            return None
        return sub_model(pipeline, encoded.snapshot, ranker, settings.tuning)

    return Arm(name, lambda: encoded.inputs, encoded.parts, inside)


def submodel_settings(pipeline: Pipeline) -> SubModelMode:
    """The pipeline's section.

    Raises:
        ConfigError: when it has none.
    """
    if pipeline.submodel is None:
        raise ConfigError("the pipeline has no section submodel", fix="add one: submodel: {as_of: …}")
    return pipeline.submodel


def graph_of(pipeline: Pipeline, as_of: datetime) -> Graph:
    """The logs as a graph as of any moment."""
    return Graph.load(Path(save_graph(pipeline.graph, as_of, None, pipeline.workspace.graphs)))


def encoder_snapshot(pipeline: Pipeline, settings: SubModelMode, progress: Progress) -> Snapshot:
    """The snapshot of the encoder, fitted if it is not there."""
    method, graph = settings.pretrain.composition(), graph_of(pipeline, settings.as_of)
    return fit_snapshot(pipeline.workspace, settings.pretrain, method, graph, None, progress)


def encoded_rows(pipeline: Pipeline, labels: pa.Table, snapshot: Snapshot, progress: Progress) -> Encoded:
    """The snapshot's vectors beside what every variant has."""
    task, made = pipeline.rank.task, snapshot.manifest
    columns = {
        f"{made.space.family}_{task.side(side).node_type}_vector__vector": _vectors(
            task, side, labels, snapshot
        )
        for side in SIDES
    }
    moments = sorted({*pipeline.as_of.moments(), made.as_of})
    dataset = build_dataset(task, labels, pa.table(columns), moments, progress)
    inputs, _ = select(dataset, Variant(features="dense"), GridContext((made.space.family,)))
    parts = {part: later_rows(labels, dataset.parts[part], made.as_of) for part in PARTS}
    return Encoded(snapshot, inputs, parts)


def sub_model(
    pipeline: Pipeline, snapshot: Snapshot, ranker: NetworkRanker, tuning: FineTuning | None
) -> SubModel:
    """A ranker around the encoder of a snapshot."""
    node_types = {side: pipeline.rank.task.side(side).node_type for side in SIDES}
    return SubModel(ranker=ranker, snapshot=snapshot.folder, node_types=node_types, tuning=tuning)


def _vectors(task: Task, side: Side, labels: pa.Table, snapshot: Snapshot) -> pa.Array:
    """[n] a side's vectors, null for labels that are not later than the snapshot."""
    node_type = task.side(side).node_type
    table = snapshot.table(node_type)
    place = pc.index_in(flat_array(labels[f"{side}_id"]), value_set=flat_array(table[f"{node_type}_id"]))
    later = pc.greater(
        labels["timestamp"], pa.scalar(snapshot.manifest.as_of, labels["timestamp"].type)
    ).combine_chunks()
    return flat_array(table["vector"]).take(pc.if_else(later, place, None))
