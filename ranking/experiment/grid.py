"""The cells of a grid: each is read back if it is on disk, else trained and written."""

import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from embedding_features.config import config_hash
from ranking.experiment.arm import Arm
from ranking.experiment.importance import importance
from ranking.experiment.trained_cell import CANDIDATES, TrainedCell, read_cell, write_cell
from ranking.inputs.inputs import Inputs
from ranking.metrics.metrics import log_loss
from ranking.models.base import FittedRanker, Ranker

#: part of a cell's key: raised when a ranker's code changes what it scores
REVISION = 4

#: times that a request is scored to measure its milliseconds
_REPETITIONS = 9


@dataclass(frozen=True)
class CellJob:
    """Describes one cell to train.

    Attributes:
        name: the ranker's name in the report.
        ranker: the ranker as it is trained in the arm.
        arm: name of the arm.
        seed: seed of training.
        explained: whether the importance of its fields is measured.
    """

    name: str
    ranker: Ranker
    arm: str
    seed: int
    explained: bool


class Grid:
    """Trains the cells of some arms, and keeps them in a folder.

    The inputs of an arm are made once for all its cells, and released by :meth:`forget`.

    Args:
        arms: the arms by name.
        folder: where the cells' files are.
    """

    def __init__(self, arms: Mapping[str, Arm], folder: Path) -> None:
        self._arms, self._folder = arms, folder
        self._lock = threading.Lock()
        #: arm → its inputs and their fingerprint
        self._made: dict[str, tuple[Inputs, str]] = {}

    def cell(self, job: CellJob) -> TrainedCell:
        """Return the cell of a job: read from its file, or trained and written."""
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
        finished = read_cell(path, key, len(parts["test"]))
        if finished is not None:
            return finished
        cell = _train(job, {part: inputs.take(rows) for part, rows in parts.items()})
        about = {"ranker": job.name, "variant": job.arm, "seed": job.seed, "settings": settings}
        write_cell(path, cell, key, about)
        return cell

    def forget(self, arm: str) -> None:
        """Release the inputs of an arm whose cells are all finished."""
        with self._lock:
            self._made.pop(arm, None)

    def _inputs(self, arm: str) -> tuple[Inputs, str]:
        with self._lock:
            if arm not in self._made:
                inputs = self._arms[arm].inputs()
                self._made[arm] = inputs, inputs.fingerprint()
            return self._made[arm]


def _train(job: CellJob, parts: Mapping[str, Inputs]) -> TrainedCell:
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
    """Return the median milliseconds of scoring a request."""
    durations = []
    for _ in range(_REPETITIONS):
        started = time.perf_counter()
        fitted.predict(request)
        durations.append(1e3 * (time.perf_counter() - started))
    return median(durations)
