"""``submodel``: an encoder inside a ranker beside its vectors as features, and what fresh edges bring."""

from datetime import timedelta
from typing import Any

import pyarrow.compute as pc

from embedding_features.config import config_hash
from embedding_features.graph import Graph
from embedding_features.progress import Progress
from jobs.pipeline import Pipeline, SubModelMode
from jobs.steps.sub_model_arm import (
    Encoded,
    encoded_rows,
    encoder_snapshot,
    graph_of,
    sub_model,
    submodel_settings,
)
from ranking.experiment.run import OneTorchThread
from ranking.inputs.inputs import Inputs
from ranking.metrics.metrics import auc, log_loss
from ranking.models import Ranker
from ranking.modes.submodel import FittedSubModel, view_of
from ranking.task.labels import load_labels


def run(pipeline: Pipeline, progress: Progress) -> dict[str, Any]:
    """Train and test the modes on rows later than the encoder; write ``submodel.json``.

    Raises:
        ConfigError: when the pipeline has no ``submodel`` section.
    """
    settings, workspace = submodel_settings(pipeline), pipeline.workspace
    labels = load_labels(pipeline.rank.task)
    first = pc.min(labels.filter(pc.equal(labels["split"], "test"))["timestamp"]).as_py()
    with progress.task("sub-model", 3) as advance:
        fresh = graph_of(pipeline, first - timedelta(microseconds=1))
        advance()
        snapshot = encoder_snapshot(pipeline, settings, progress)
        advance()
        made_of = {
            "settings": settings.model_dump(mode="json"),
            "task": pipeline.rank.task.model_dump(mode="json"),
            "run": snapshot.manifest.run_id,
            "fresh": fresh.fingerprint,
        }
        kept = workspace.read_json_or("submodel", {})
        if not isinstance(kept, dict) or kept.get("key") != config_hash(made_of):
            rows = _compared(pipeline, settings, encoded_rows(pipeline, labels, snapshot, progress), fresh)
            kept = {"key": config_hash(made_of), "rows": rows, "sentence": _sentence(settings, rows)}
            workspace.write_json("submodel", kept)
        advance()
    return {"submodel_mode": kept["rows"]}


def _compared(
    pipeline: Pipeline, settings: SubModelMode, encoded: Encoded, fresh: Graph
) -> list[dict[str, Any]]:
    seed, test, snapshot = settings.pretrain.seed, encoded.part("test"), encoded.snapshot
    modes: dict[str, Ranker] = {
        "feature": settings.ranker,
        "sub-model, frozen": sub_model(pipeline, snapshot, settings.ranker, None),
        "sub-model, fine-tuned": sub_model(pipeline, snapshot, settings.ranker, settings.tuning),
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
