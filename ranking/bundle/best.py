"""Exports a bundle of each ranker: of its variant with the least log loss on the validation rows."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from embedding_features.config import config_hash
from embedding_features.files import sweep_staging
from embedding_features.fresh import FreshSeries
from embedding_features.progress import SILENT, Progress
from ranking.bundle.bundle import Bundle, load_bundle
from ranking.bundle.export import export_bundle
from ranking.dataset.dataset import Dataset
from ranking.experiment.arms import select
from ranking.experiment.factors.base import GridContext
from ranking.experiment.run import OneTorchThread
from ranking.experiment.scores import Scores
from ranking.experiment.variants import Variant
from ranking.metrics.calibration import fit_isotonic
from ranking.metrics.metrics import auc, log_loss
from ranking.models.base import Ranker
from ranking.task.task import PARTS

if TYPE_CHECKING:
    # feast takes seconds to import, and who loads a bundle beside no repository needs none of it
    from embedding_features.store import Published


def export_best(
    rankers: Mapping[str, Ranker],
    variants: Sequence[Variant],
    scores: Scores,
    dataset: Dataset,
    published: Sequence["Published"],
    folder: Path,
    *,
    grid: GridContext,
    fresh: Sequence[FreshSeries] = (),
    seed: int = 0,
    progress: Progress = SILENT,
) -> dict[str, Bundle]:
    """Return each ranker's bundle, found in ``folder``, or trained once more and exported.

    The variant, out of those that can be served, is chosen by log loss on the validation rows, which the
    bundle's calibration is fitted on too; the test rows only give the bundle's metrics.

    Args:
        rankers: name → settings, as the grid was trained with.
        variants: of the grid.
        scores: of the grid.
        dataset: what the grid learned from.
        published: the snapshots that the features were read from.
        folder: where bundles lie, each in a folder named after ranker, variant and what it learned from.
        grid: what the variants refer to.
        fresh: what made the fresh figures.
        seed: of the training.
        progress: shows the rankers.
    """
    sweep_staging(folder)
    with progress.task("rank: bundles", len(scores.validation)) as advance, OneTorchThread():
        bundles = {}
        for name, losses in scores.validation.items():
            variant = min(
                (one for one in variants if one.name in losses and one.servable),
                key=lambda one: losses[one.name],
            )
            root = folder / f"{name}-{variant.name}"
            bundles[name] = _bundle(root, rankers[name], seed, dataset, variant, grid, published, fresh)
            advance(1, f"{name} {variant.name}")
    return bundles


def _bundle(
    root: Path,
    ranker: Ranker,
    seed: int,
    dataset: Dataset,
    variant: Variant,
    grid: GridContext,
    published: Sequence["Published"],
    fresh: Sequence[FreshSeries],
) -> Bundle:
    """Return the bundle in ``root-<hash of what it is made of>``; train and export it if it is missing."""
    inputs, encoders = select(dataset, variant, grid)
    train, validation, test = (inputs.take(dataset.parts[part]) for part in PARTS)
    fingerprint = train.fingerprint()
    key = config_hash(
        {
            "ranker": ranker.model_dump(mode="json"),
            "seed": seed,
            "train": fingerprint,
            "validation": validation.fingerprint(),
            "runs": [run.manifest.run_id for run in published],
        }
    )
    folder = root.with_name(f"{root.name}-{key[:16]}")
    if folder.exists():
        return load_bundle(folder)
    fitted = ranker.fit(train, validation, seed)
    score, watched = fitted.predict(test), fitted.predict(validation)
    return export_bundle(
        folder,
        fitted,
        encoders,
        published=published,
        fresh=fresh,
        data_fingerprint=fingerprint,
        metrics={
            "test_auc": auc(test.label, score),
            "validation_log_loss": log_loss(validation.label, watched),
        },
        calibration=fit_isotonic(validation.label, watched),
    )
