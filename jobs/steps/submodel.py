"""``submodel``: an encoder inside a ranker beside its vectors as features, and what fresh edges bring."""

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from embedding_features.artifact import Snapshot
from embedding_features.config import config_hash
from embedding_features.errors import ConfigError
from embedding_features.graph import Graph
from embedding_features.progress import Progress
from jobs.pipeline import Pipeline, SubModelMode
from jobs.steps.graph import save_graph
from jobs.steps.pretrain import fit_snapshot
from ranking.dataset import build_dataset
from ranking.encoding import flat_array
from ranking.experiment import OneTorchThread
from ranking.inputs import Inputs
from ranking.labels import load_labels
from ranking.metrics import auc, log_loss
from ranking.models import Ranker
from ranking.modes.sub_encoder import FineTuning
from ranking.modes.submodel import FittedSubModel, SubModel, later_rows, view_of
from ranking.task import PARTS, SIDES, Side, Task


def run(pipeline: Pipeline, progress: Progress) -> dict[str, Any]:
    """Train and test the modes on rows later than the encoder; write ``submodel.json``.

    Raises:
        ConfigError: when the pipeline has no ``submodel`` section.
    """
    settings, workspace = pipeline.submodel, pipeline.workspace
    if settings is None:
        raise ConfigError("the pipeline has no section submodel", fix="add one: submodel: {as_of: …}")
    labels = load_labels(pipeline.rank.task)
    first = pc.min(labels.filter(pc.equal(labels["split"], "test"))["timestamp"]).as_py()
    with progress.task("sub-model", 3) as advance:
        graph, fresh = (
            Graph.load(Path(save_graph(pipeline.graph, moment, None, workspace.graphs)))
            for moment in (settings.as_of, first - timedelta(microseconds=1))
        )
        advance()
        method = settings.pretrain.composition()
        snapshot = fit_snapshot(workspace, settings.pretrain, method, graph, None, progress)
        advance()
        made_of = {
            "settings": settings.model_dump(mode="json"),
            "task": pipeline.rank.task.model_dump(mode="json"),
            "run": snapshot.manifest.run_id,
            "fresh": fresh.fingerprint,
        }
        kept = workspace.read_json_or("submodel", {})
        if not isinstance(kept, dict) or kept.get("key") != config_hash(made_of):
            parts = _parts(pipeline.rank.task, labels, snapshot, progress)
            rows = _compared(pipeline, settings, snapshot, parts, fresh)
            kept = {"key": config_hash(made_of), "rows": rows, "sentence": _sentence(settings, rows)}
            workspace.write_json("submodel", kept)
        advance()
    return {"submodel_mode": kept["rows"]}


def _parts(task: Task, labels: pa.Table, snapshot: Snapshot, progress: Progress) -> dict[str, Inputs]:
    """The rows of each part later than the snapshot, with its vectors beside what every variant has."""
    as_of = snapshot.manifest.as_of
    columns = {
        f"{snapshot.manifest.space.family}_{task.side(side).node_type}_vector__vector": _vectors(
            task, side, labels, snapshot
        )
        for side in SIDES
    }
    dataset = build_dataset(task, labels, pa.table(columns), [as_of], progress)
    inputs = dataset.inputs.variant("dense")
    return {part: inputs.take(later_rows(labels, dataset.parts[part], as_of)) for part in PARTS}


def _vectors(task: Task, side: Side, labels: pa.Table, snapshot: Snapshot) -> pa.Array:
    """[n] a side's vectors, null for labels that are not later than the snapshot."""
    node_type = task.side(side).node_type
    table = snapshot.table(node_type)
    place = pc.index_in(flat_array(labels[f"{side}_id"]), value_set=flat_array(table[f"{node_type}_id"]))
    later = pc.greater(
        labels["timestamp"], pa.scalar(snapshot.manifest.as_of, labels["timestamp"].type)
    ).combine_chunks()
    return flat_array(table["vector"]).take(pc.if_else(later, place, None))


def _compared(
    pipeline: Pipeline, settings: SubModelMode, snapshot: Snapshot, parts: Mapping[str, Inputs], fresh: Graph
) -> list[dict[str, Any]]:
    seed, test = settings.pretrain.seed, parts["test"]
    node_types = {side: pipeline.rank.task.side(side).node_type for side in SIDES}

    def inside(tuning: FineTuning | None) -> SubModel:
        return SubModel(
            ranker=settings.ranker, snapshot=snapshot.folder, node_types=node_types, tuning=tuning
        )

    modes: dict[str, Ranker] = {
        "feature": settings.ranker,
        "sub-model, frozen": inside(None),
        "sub-model, fine-tuned": inside(settings.tuning),
    }
    rows = []
    with OneTorchThread():
        for name, ranker in modes.items():
            fitted = ranker.fit(parts["train"], parts["validation"], seed)
            rows.append(_row(name, test, fitted.predict(test)))
            if isinstance(fitted, FittedSubModel):
                fitted.observe(fresh, view_of(snapshot))
                rows.append(_row(f"{name}, edges up to the test", test, fitted.predict(test)))
    return rows


def _row(mode: str, test: Inputs, score: Any) -> dict[str, Any]:
    return {"mode": mode, "auc": auc(test.label, score), "log loss": log_loss(test.label, score)}


def _sentence(settings: SubModelMode, rows: list[dict[str, Any]]) -> str:
    figures = "; ".join(f"{row['mode']} {row['auc']:.4f}" for row in rows)
    return (
        f"Sub-model mode: the encoder of {settings.pretrain.family_name} as of {settings.as_of:%Y-%m-%d} "
        f"inside {settings.ranker.kind}, trained on later rows; test AUC: {figures}."
    )
