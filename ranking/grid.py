"""The cells of a grid: each read back if it was finished, else trained and written."""

import threading
import time
from dataclasses import dataclass
from pathlib import Path

from embedding_features.config import config_hash
from ranking.cells import Cell, read_cell, write_cell
from ranking.dataset import Dataset
from ranking.inputs import Inputs
from ranking.metrics import log_loss
from ranking.models.base import Ranker

#: part of the key of a finished cell: raised when a ranker's code changes what it scores
REVISION = 3


@dataclass(frozen=True)
class Job:
    """One cell to be: a ranker by its name in the report, a variant, a seed."""

    name: str
    ranker: Ranker
    variant: str
    seed: int


class Grid:
    """The cells of one data set; the parts of a variant are cut once and shared while they are in use."""

    def __init__(self, dataset: Dataset, folder: Path) -> None:
        self._dataset, self._folder = dataset, folder
        self._lock = threading.Lock()
        self._variant: dict[str, Inputs] = {}
        self._fingerprint: dict[str, str] = {}
        parts = {part: rows.tolist() for part, rows in dataset.parts.items()}
        self._split = config_hash({"parts": parts})

    def cell(self, job: Job) -> Cell:
        """Read the cell, or train it and write it."""
        inputs, fingerprint = self._inputs(job.variant)
        settings = job.ranker.model_dump(mode="json")
        key = config_hash(
            {
                "ranker": settings,
                "seed": job.seed,
                "inputs": fingerprint,
                "split": self._split,
                "revision": REVISION,
            }
        )
        path = self._folder / f"{job.name}-{job.variant}-{job.seed}-{key[:16]}.parquet"
        rows = self._dataset.parts["test"]
        kept = read_cell(path, key, len(rows))
        if kept is not None:
            return kept
        train, validation = (inputs.take(self._dataset.parts[part]) for part in ("train", "validation"))
        started = time.perf_counter()
        fitted = job.ranker.fit(train, validation, job.seed)
        seconds = time.perf_counter() - started
        loss = log_loss(validation.label, fitted.predict(validation))
        cell = Cell(fitted.predict(inputs.take(rows)), seconds, fitted.rounds, loss)
        about = {"ranker": job.name, "variant": job.variant, "seed": job.seed, "settings": settings}
        write_cell(path, cell, key, about)
        return cell

    def _inputs(self, variant: str) -> tuple[Inputs, str]:
        with self._lock:
            if variant not in self._variant:
                self._variant[variant] = self._dataset.inputs.variant(variant)
                self._fingerprint[variant] = self._variant[variant].fingerprint()
            return self._variant[variant], self._fingerprint[variant]
