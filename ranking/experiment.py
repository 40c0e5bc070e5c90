"""Train every ranker on every variant with every seed, once: finished cells are read back."""

import os
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path

import numpy as np
import torch

from embedding_features.errors import ConfigError
from embedding_features.files import safe_name
from embedding_features.progress import SILENT, Progress
from ranking.cells import Cell
from ranking.dataset import Dataset
from ranking.grid import Grid, Job
from ranking.inputs import VARIANTS
from ranking.models.base import Ranker
from ranking.scores import Scores


def run_grid(
    dataset: Dataset,
    rankers: Mapping[str, Ranker],
    folder: Path,
    *,
    variants: Sequence[str] = tuple(VARIANTS),
    seeds: Sequence[int] = (0, 1, 2),
    workers: int | None = None,
    progress: Progress = SILENT,
) -> Scores:
    """Scores on the test rows of all rankers × variants × seeds.

    Each cell learns from the training rows, stops on the validation rows and then scores the test rows; it
    is written to ``folder`` under the hash of its settings, seed and inputs. A rerun, after a kill as well,
    trains only what is missing or changed.

    Args:
        rankers: name in the report → settings.
        workers: cells trained at a time, each on one core; None takes all cores. Scores do not depend on it.

    Raises:
        ConfigError: when there is no ranker, variant or seed, one is named twice, or a variant is unknown.
        TrainingError: when a cell cannot be fitted; the cells finished by then are kept.
    """
    _check(rankers, variants, seeds)
    grid = Grid(dataset, folder)
    jobs = [
        Job(name, rankers[name], variant, seed) for variant in variants for name in rankers for seed in seeds
    ]
    found: dict[tuple[str, str, int], Cell] = {}
    with (
        progress.task("rank: cells", total=len(jobs)) as advance,
        OneTorchThread(),
        ThreadPoolExecutor(workers or os.cpu_count() or 1) as pool,
    ):
        running = {pool.submit(grid.cell, job): job for job in jobs}
        try:
            for done in as_completed(running):
                job = running[done]
                found[job.name, job.variant, job.seed] = done.result()
                advance(1, status=f"{job.name} {job.variant}")
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise
    test = dataset.parts["test"]

    def mean(ranker: str, variant: str, figure: str) -> float:
        return float(np.mean([getattr(found[ranker, variant, seed], figure) for seed in seeds]))

    return Scores(
        label=dataset.inputs.label[test],
        user=dataset.user[test],
        item=dataset.item[test],
        user_count=dataset.user_events[test],
        item_count=dataset.item_events[test],
        snapshot_age=dataset.snapshot_age[test],
        scores={r: {v: np.stack([found[r, v, s].score for s in seeds]) for v in variants} for r in rankers},
        seconds={r: {v: mean(r, v, "seconds") for v in variants} for r in rankers},
        base_rate=float(dataset.inputs.label[dataset.parts["train"]].mean()),
        validation={r: {v: mean(r, v, "validation") for v in variants} for r in rankers},
    )


class OneTorchThread:
    """Torch on one thread a cell: cells run beside each other, and sums do not depend on the machine."""

    def __enter__(self) -> None:
        self._threads = torch.get_num_threads()
        torch.set_num_threads(1)

    def __exit__(self, *_: object) -> None:
        torch.set_num_threads(self._threads)


def _check(rankers: Mapping[str, Ranker], variants: Sequence[str], seeds: Sequence[int]) -> None:
    for what, given in (("ranker", list(rankers)), ("variant", variants), ("seed", seeds)):
        if not given or len(set(given)) != len(given):
            raise ConfigError(f"{what}s {list(given)}", fix=f"name at least one {what}, and each once")
    for name in rankers:
        safe_name(name, "ranker")
    unknown = sorted(set(variants) - set(VARIANTS))
    if unknown:
        raise ConfigError(f"no variant {unknown}", fix=f"name some of {', '.join(VARIANTS)}")
