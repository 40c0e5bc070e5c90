"""Runs a grid: trains every ranker in every arm with every seed, once; finished cells are read back."""

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
from ranking.experiment.grid import CellJob, Grid
from ranking.experiment.scores import Scores
from ranking.experiment.trained_cell import TrainedCell
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
    """Return the scores on the test rows of all rankers × arms × seeds.

    Each cell learns from the training rows, stops by the validation rows and then scores the test rows; it is
    written under the hash of its settings, seed and inputs. A rerun, also after a kill, trains only what is
    missing or changed. With the smallest seed the importance of fields is measured.

    Args:
        dataset: the data set of the arms; labels, users and items of the test rows are its own.
        arms: the arms; one lacks the rankers that cannot be trained in it.
        rankers: name in the report → settings.
        folder: where finished cells are kept.
        seeds: seeds of training; more of them make intervals tighter.
        workers: cells trained at a time, each on one core; None takes all cores. Scores do not depend on it.
        progress: shows the cells; silent by default.

    Raises:
        ConfigError: when there is no ranker, arm or seed, or one is named twice.
        TrainingError: when a cell cannot be fitted; the cells finished by then are kept.
    """
    _check(rankers, [arm.name for arm in arms], seeds)
    grid = Grid({arm.name: arm for arm in arms}, folder)
    jobs = [
        CellJob(name, in_arm, arm.name, seed, explained=seed == min(seeds))
        for arm in arms
        for name, ranker in rankers.items()
        if (in_arm := arm.ranker(ranker)) is not None
        for seed in seeds
    ]
    return _scores(dataset, _cells(grid, jobs, workers or os.cpu_count() or 1, progress))


def _cells(grid: Grid, jobs: Sequence[CellJob], workers: int, progress: Progress) -> TrainedCells:
    """Return the cells of all jobs, in their order, whichever is finished first."""
    cells: dict[tuple[str, str, int], TrainedCell] = {}
    unfinished = Counter(job.arm for job in jobs)
    with (
        progress.task("rank: cells", total=len(jobs)) as advance,
        OneTorchThread(),
        ThreadPoolExecutor(workers) as pool,
    ):
        running = {pool.submit(grid.cell, job): job for job in jobs}
        try:
            for done in as_completed(running):
                job = running[done]
                cells[job.name, job.arm, job.seed] = done.result()
                unfinished[job.arm] -= 1
                if not unfinished[job.arm]:
                    grid.forget(job.arm)
                advance(1, status=f"{job.name} {job.arm}")
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise
    return {(job.name, job.arm, job.seed): cells[job.name, job.arm, job.seed] for job in jobs}


def _scores(dataset: Dataset, cells: TrainedCells) -> Scores:
    """Return the scores of all cells, the seeds of a ranker and arm stacked, beside the test rows."""
    grouped: dict[str, dict[str, list[TrainedCell]]] = {}
    for (ranker, arm, _), cell in cells.items():
        grouped.setdefault(ranker, {}).setdefault(arm, []).append(cell)

    def mean(figure: str) -> dict[str, dict[str, float]]:
        return {
            ranker: {
                arm: float(np.mean([getattr(cell, figure) for cell in seeds])) for arm, seeds in arms.items()
            }
            for ranker, arms in grouped.items()
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
            ranker: {arm: np.stack([cell.score for cell in seeds]) for arm, seeds in arms.items()}
            for ranker, arms in grouped.items()
        },
        base_rate=float(dataset.inputs.label[dataset.parts["train"]].mean()),
        seconds=mean("seconds"),
        score_ms=mean("score_ms"),
        validation=mean("validation"),
        importance=tuple(cell.importance for cell in cells.values() if cell.importance is not None),
    )


class OneTorchThread:
    """Keeps torch on one thread while a block runs, and restores its number of threads.

    Cells run beside each other, and so sums do not depend on the number of cores.
    """

    def __enter__(self) -> None:
        self._threads = torch.get_num_threads()
        torch.set_num_threads(1)

    def __exit__(self, *_: object) -> None:
        torch.set_num_threads(self._threads)


def _check(rankers: Mapping[str, Ranker], arms: Sequence[str], seeds: Sequence[int]) -> None:
    """Check that there is a ranker, a variant and a seed, each named once, and that names suit files."""
    for what, names in (("ranker", list(rankers)), ("variant", arms), ("seed", seeds)):
        if not names or len(set(names)) != len(names):
            raise ConfigError(f"{what}s {list(names)}", fix=f"name at least one {what}, and each once")
    for name in rankers:
        safe_name(name, "ranker")
