"""Writes one MLflow run: the only file that calls MLflow, and only what ``mlflow-skinny`` has."""

import os
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from time import time
from typing import Any, TypeVar

import mlflow
import yaml
from mlflow.entities import Metric, Param
from mlflow.utils.validation import (
    MAX_METRICS_PER_BATCH,
    MAX_PARAM_VAL_LENGTH,
    MAX_PARAMS_TAGS_PER_BATCH,
    MAX_TAG_VAL_LENGTH,
)

from jobs.console import note
from jobs.mlflow_figures import figures, files, parameters

T = TypeVar("T")


class MlflowRun:
    """Keeps a run open until :meth:`end`; its methods raise whatever MLflow and its stores raise.

    Args:
        job: the name of the command; with the time it is the run's name.
        experiment: created if it is not there; MLFLOW_EXPERIMENT_NAME goes before it.
    """

    def __init__(self, job: str, experiment: str) -> None:
        experiment = os.environ.get("MLFLOW_EXPERIMENT_NAME") or experiment
        name = f"{job} {datetime.now(UTC):%Y-%m-%d %H:%M:%S}"
        self._client = mlflow.MlflowClient()
        self._id: str = self._client.create_run(
            mlflow.set_experiment(experiment).experiment_id,
            run_name=name,
            tags={"job": job, "library_version": version("embedding-features")},
        ).info.run_id
        note(f"tracked: run {name!r} ({self._id}) of experiment {experiment!r}")

    def log_settings(self, settings: Mapping[str, Any]) -> None:
        """Log settings as parameters, cut at MLflow's limit, and whole as ``settings.yaml``."""
        values = parameters(settings)
        cut = [f"{k} ({len(v)} characters)" for k, v in values.items() if len(v) > MAX_PARAM_VAL_LENGTH]
        self.tag(cut_parameters=", ".join(cut))
        logged = [Param(name, value[:MAX_PARAM_VAL_LENGTH]) for name, value in values.items()]
        for batch in _batches(logged, MAX_PARAMS_TAGS_PER_BATCH):
            self._client.log_batch(self._id, params=batch, synchronous=True)
        self._client.log_text(self._id, yaml.safe_dump(dict(settings), sort_keys=False), "settings.yaml")

    def log_result(self, result: Mapping[str, Any]) -> None:
        """Log a job's numbers as metrics and its files as artifacts (:mod:`.mlflow_figures`)."""
        now = int(time() * 1000)
        logged = [Metric(name, value, now, step) for name, value, step in figures(result)]
        for batch in _batches(logged, MAX_METRICS_PER_BATCH):
            self._client.log_batch(self._id, metrics=batch, synchronous=True)
        for path, folder in files(result):
            self._log_path(path, folder)

    def _log_path(self, path: Path, folder: str) -> None:
        if path.is_dir():
            self._client.log_artifacts(self._id, str(path), f"{folder}/{path.name}")
        else:
            self._client.log_artifact(self._id, str(path), folder)

    def tag(self, **tags: str) -> None:
        """Set the tags that are not empty, cut at MLflow's limit."""
        for name, value in tags.items():
            if value:
                self._client.set_tag(self._id, name, value[:MAX_TAG_VAL_LENGTH])

    def end(self, status: str) -> None:
        """End the run as FINISHED, FAILED or KILLED."""
        self._client.set_terminated(self._id, status)


def _batches(things: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    return (things[start : start + size] for start in range(0, len(things), size))
