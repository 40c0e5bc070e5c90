"""The cells of a grid: each read back if it was finished, else trained and written."""

import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from embedding_features.config import config_hash
from ranking.experiment.arm import Arm
from ranking.experiment.finished import CANDIDATES, TrainedCell, read_cell, write_cell
from ranking.experiment.importance import importance
from ranking.inputs.inputs import Inputs
from ranking.metrics.metrics import log_loss
from ranking.models.base import FittedRanker, Ranker

#: part of the key of a finished cell: raised when a ranker's code changes what it scores
REVISION = 4

#: times a request is scored to know its milliseconds
_TURNS = 9


@dataclass(frozen=True)
class Job:
    """One cell to be: a ranker by its name in the report, as it is in the arm; a seed; and whether it is
    asked which fields it leans on."""

    name: str
    ranker: Ranker
    arm: str
    seed: int
    explained: bool


class Grid:
    """The cells of some arms; the inputs of an arm are cut once, and let go of by :meth:`forget`."""

    def __init__(self, arms: Mapping[str, Arm], folder: Path) -> None:
        self._arms, self._folder = arms, folder
        self._lock = threading.Lock()
        self._cut: dict[str, tuple[Inputs, str]] = {}

    def cell(self, job: Job) -> TrainedCell:
        """Read the cell, or train it and write it."""
        (inputs, fingerprint), parts = self._inputs(job.arm), self._arms[job.arm].parts
        settings = job.ranker.model_dump(mode="json")
        key = config_hash(
            {
                "ranker": settings,
                "seed": job.seed,
                "inputs": fingerprint,
                "split": config_hash({"parts": {part: rows.tolist() for part, rows in parts.items()}}),
                "explained": job.explained,
                "revision": REVISION,
            }
        )
        path = self._folder / f"{job.name}-{job.arm}-{job.seed}-{key[:16]}.parquet"
        kept = read_cell(path, key, len(parts["test"]))
        if kept is not None:
            return kept
        cell = _trained(job, {part: inputs.take(rows) for part, rows in parts.items()})
        about = {"ranker": job.name, "variant": job.arm, "seed": job.seed, "settings": settings}
        write_cell(path, cell, key, about)
        return cell

    def forget(self, arm: str) -> None:
        """Let go of the inputs of an arm whose cells are all there."""
        with self._lock:
            self._cut.pop(arm, None)

    def _inputs(self, arm: str) -> tuple[Inputs, str]:
        with self._lock:
            if arm not in self._cut:
                inputs = self._arms[arm].inputs()
                self._cut[arm] = inputs, inputs.fingerprint()
            return self._cut[arm]


def _trained(job: Job, parts: Mapping[str, Inputs]) -> TrainedCell:
    validation, test = parts["validation"], parts["test"]
    started = time.perf_counter()
    fitted = job.ranker.fit(parts["train"], validation, job.seed)
    seconds = time.perf_counter() - started
    return TrainedCell(
        fitted.predict(test),
        seconds,
        fitted.rounds,
        log_loss(validation.label, fitted.predict(validation)),
        _milliseconds(fitted, test.take(slice(0, CANDIDATES))),
        importance(fitted, validation, job.seed, job.name, job.arm) if job.explained else None,
    )


def _milliseconds(fitted: FittedRanker, request: Inputs) -> float:
    """Median over some turns of scoring a request."""
    turns = []
    for _ in range(_TURNS):
        started = time.perf_counter()
        fitted.predict(request)
        turns.append(1e3 * (time.perf_counter() - started))
    return median(turns)
