"""``submodel``: compares an encoder inside a ranker with its vectors as features, and with fresh edges."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from embedding_features.artifact import Snapshot
from embedding_features.config import config_hash
from embedding_features.errors import ConfigError
from embedding_features.graph import Graph
from embedding_features.graph.schema import GraphSchema
from embedding_features.progress import Progress
from jobs.pipeline import Pipeline
from jobs.sections import SubModelMode
from jobs.steps.graph import save_graph
from jobs.steps.pretrain import fit_snapshot
from jobs.workspace import Workspace
from ranking.experiment.run import OneTorchThread
from ranking.inputs.inputs import Inputs
from ranking.metrics.metrics import auc, log_loss
from ranking.models import Ranker
from ranking.modes.logged_requests import part_borders
from ranking.modes.sub_model_arm import EncodedRows, encode_rows, sub_model
from ranking.modes.submodel import FittedSubModel, view_of
from ranking.task.labels import load_labels
from ranking.task.task import Task


def run(
    settings: SubModelMode,
    task: Task,
    schema: GraphSchema,
    moments: Sequence[datetime],
    workspace: Workspace,
    progress: Progress,
) -> dict[str, Any]:
    """Train and test the modes on rows later than the encoder; write ``submodel.json``.

    Args:
        settings: the encoder, and the ranker that it is a part of.
        task: what the ranker predicts.
        schema: says where the logs are.
        moments: of the pipeline's snapshots.
        workspace: where the encoder's snapshot and the result lie.
        progress: shows the three parts of the job.
    """
    labels = load_labels(task)
    _, _, test, _ = part_borders(labels)
    with progress.task("sub-model", 3) as advance:
        fresh = _graph(schema, test - timedelta(microseconds=1), workspace)
        advance()
        snapshot = encoder_snapshot(settings, schema, workspace, progress)
        advance()
        made_of = {
            "settings": settings.model_dump(mode="json"),
            "task": task.model_dump(mode="json"),
            "run": snapshot.manifest.run_id,
            "fresh": fresh.fingerprint,
        }
        kept = workspace.read_json_or("submodel", {})
        if not isinstance(kept, dict) or kept.get("key") != config_hash(made_of):
            encoded = encode_rows(task, labels, snapshot, moments, progress)
            rows = _compared(settings, task, encoded, fresh)
            kept = {"key": config_hash(made_of), "rows": rows, "sentence": _sentence(settings, rows)}
            workspace.write_json("submodel", kept)
        advance()
    return {"submodel_mode": kept["rows"]}


def submodel_settings(pipeline: Pipeline) -> SubModelMode:
    """Return the pipeline's section ``submodel``.

    Raises:
        ConfigError: when it has none.
    """
    if pipeline.submodel is None:
        raise ConfigError("the pipeline has no section submodel", fix="add one: submodel: {as_of: …}")
    return pipeline.submodel


def encoder_snapshot(
    settings: SubModelMode, schema: GraphSchema, workspace: Workspace, progress: Progress
) -> Snapshot:
    """Return the snapshot whose encoder goes into rankers, fitted if it is not there."""
    graph = _graph(schema, settings.as_of, workspace)
    return fit_snapshot(workspace, settings.pretrain, graph, None, progress)


def _graph(schema: GraphSchema, as_of: datetime, workspace: Workspace) -> Graph:
    """Return the logs as a graph as of any moment."""
    return Graph.load(Path(save_graph(schema, as_of, None, workspace.graphs)))


def _compared(settings: SubModelMode, task: Task, encoded: EncodedRows, fresh: Graph) -> list[dict[str, Any]]:
    """Return a row a mode; a sub-model is tested again on a graph of all edges before the test rows."""
    seed, test, snapshot = settings.pretrain.seed, encoded.part("test"), encoded.snapshot
    modes: Mapping[str, Ranker] = {
        "feature": settings.ranker,
        "sub-model, frozen": sub_model(task, snapshot, settings.ranker, None),
        "sub-model, fine-tuned": sub_model(task, snapshot, settings.ranker, settings.tuning),
    }
    rows = []
    with OneTorchThread():
        for name, ranker in modes.items():
            fitted = ranker.fit(encoded.part("train"), encoded.part("validation"), seed)
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
