"""Train every ranker in every arm with every seed, once: finished cells are read back."""

import os
from collections import Counter
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path

import numpy as np
import torch

from embedding_features.errors import ConfigError
from embedding_features.files import safe_name
from embedding_features.progress import SILENT, Progress
from ranking.dataset.dataset import Dataset
from ranking.experiment.arm import Arm
from ranking.experiment.finished import TrainedCell
from ranking.experiment.grid import Grid, Job
from ranking.experiment.scores import Scores
from ranking.models.base import Ranker

#: (ranker, arm, seed) → its cell
TrainedCells = Mapping[tuple[str, str, int], TrainedCell]


def run_grid(
    dataset: Dataset,
    arms: Sequence[Arm],
    rankers: Mapping[str, Ranker],
    folder: Path,
    *,
    seeds: Sequence[int] = (0, 1, 2),
    workers: int | None = None,
    progress: Progress = SILENT,
) -> Scores:
    """Scores on the test rows of all rankers × arms × seeds; an arm lacks the rankers it is not for.

    Each cell learns from the training rows, stops on the validation rows and then scores the test rows; it
    is written to ``folder`` under the hash of its settings, seed and inputs. A rerun, after a kill as well,
    trains only what is missing or changed. Those of the smallest seed are asked which fields they lean on.

    Args:
        rankers: name in the report → settings.
        workers: cells trained at a time, each on one core; None takes all cores. Scores do not depend on it.

    Raises:
        ConfigError: when there is no ranker, arm or seed, or one is named twice.
        TrainingError: when a cell cannot be fitted; the cells finished by then are kept.
    """
    _check(rankers, [arm.name for arm in arms], seeds)
    grid = Grid({arm.name: arm for arm in arms}, folder)
    jobs = [
        Job(name, here, arm.name, seed, explained=seed == min(seeds))
        for arm in arms
        for name, ranker in rankers.items()
        if (here := arm.ranker(ranker)) is not None
        for seed in seeds
    ]
    return _scores(dataset, _cells(grid, jobs, workers or os.cpu_count() or 1, progress))


def _cells(grid: Grid, jobs: Sequence[Job], workers: int, progress: Progress) -> TrainedCells:
    found: dict[tuple[str, str, int], TrainedCell] = {}
    left = Counter(job.arm for job in jobs)
    with (
        progress.task("rank: cells", total=len(jobs)) as advance,
        OneTorchThread(),
        ThreadPoolExecutor(workers) as pool,
    ):
        running = {pool.submit(grid.cell, job): job for job in jobs}
        try:
            for done in as_completed(running):
                job = running[done]
                found[job.name, job.arm, job.seed] = done.result()
                left[job.arm] -= 1
                if not left[job.arm]:
                    grid.forget(job.arm)
                advance(1, status=f"{job.name} {job.arm}")
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise
    return {(job.name, job.arm, job.seed): found[job.name, job.arm, job.seed] for job in jobs}


def _scores(dataset: Dataset, found: TrainedCells) -> Scores:
    cells: dict[str, dict[str, list[TrainedCell]]] = {}
    for (ranker, arm, _), cell in found.items():
        cells.setdefault(ranker, {}).setdefault(arm, []).append(cell)

    def mean(figure: str) -> dict[str, dict[str, float]]:
        return {
            r: {v: float(np.mean([getattr(c, figure) for c in of])) for v, of in arms.items()}
            for r, arms in cells.items()
        }

    test = dataset.parts["test"]
    return Scores(
        label=dataset.inputs.label[test],
        user=dataset.user[test],
        item=dataset.item[test],
        user_count=dataset.user_events[test],
        item_count=dataset.item_events[test],
        snapshot_age=dataset.snapshot_age[test],
        domain=None if dataset.domain is None else dataset.domain.take(test),
        scores={
            r: {v: np.stack([c.score for c in of]) for v, of in arms.items()} for r, arms in cells.items()
        },
        base_rate=float(dataset.inputs.label[dataset.parts["train"]].mean()),
        seconds=mean("seconds"),
        score_ms=mean("score_ms"),
        validation=mean("validation"),
        importance=tuple(c.importance for c in found.values() if c.importance is not None),
    )


class OneTorchThread:
    """Torch on one thread a cell: cells run beside each other, and sums do not depend on the machine."""

    def __enter__(self) -> None:
        self._threads = torch.get_num_threads()
        torch.set_num_threads(1)

    def __exit__(self, *_: object) -> None:
        torch.set_num_threads(self._threads)


def _check(rankers: Mapping[str, Ranker], arms: Sequence[str], seeds: Sequence[int]) -> None:
    for what, given in (("ranker", list(rankers)), ("variant", arms), ("seed", seeds)):
        if not given or len(set(given)) != len(given):
            raise ConfigError(f"{what}s {list(given)}", fix=f"name at least one {what}, and each once")
    for name in rankers:
        safe_name(name, "ranker")
