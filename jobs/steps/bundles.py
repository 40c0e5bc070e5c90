"""Of each ranker a bundle of the variant that is best on the validation rows."""

from collections.abc import Sequence
from pathlib import Path

from embedding_features.config import config_hash
from embedding_features.files import sweep_staging
from embedding_features.progress import Progress
from embedding_features.store import Published
from jobs.pipeline import Pipeline
from ranking.bundle import Bundle, export_bundle, load_bundle
from ranking.dataset.dataset import Dataset
from ranking.experiment.arms import select
from ranking.experiment.run import OneTorchThread
from ranking.experiment.scores import Scores
from ranking.experiment.variants import Variant
from ranking.metrics.calibration import fit_isotonic
from ranking.metrics.metrics import auc, log_loss
from ranking.task.task import PARTS


def export_best(
    pipeline: Pipeline, scores: Scores, dataset: Dataset, snapshots: Sequence[Published], progress: Progress
) -> dict[str, Bundle]:
    """Ranker → its bundle, found or trained once more with the first seed and exported.

    The variant, out of those that can be served, is chosen by log loss on the validation rows, which the
    scores' calibration is fitted on too; the test rows only give the bundle's metrics.
    """
    sweep_staging(pipeline.workspace.bundles)
    with progress.task("rank: bundles", len(scores.validation)) as advance, OneTorchThread():
        bundles = {}
        for name, losses in scores.validation.items():
            variant = min(
                (one for one in pipeline.rank.variants if one.name in losses and one.servable),
                key=lambda one: losses[one.name],
            )
            bundles[name] = _bundle(pipeline, name, variant, dataset, snapshots)
            advance(1, f"{name} {variant.name}")
    return bundles


def _bundle(
    pipeline: Pipeline, name: str, variant: Variant, dataset: Dataset, snapshots: Sequence[Published]
) -> Bundle:
    ranker, seed = pipeline.rank.rankers[name], pipeline.rank.seeds[0]
    inputs, encoders = select(dataset, variant, pipeline.grid)
    train, validation, test = (inputs.take(dataset.parts[part]) for part in PARTS)
    fingerprint = train.fingerprint()
    key = config_hash(
        {
            "ranker": ranker.model_dump(mode="json"),
            "seed": seed,
            "train": fingerprint,
            "validation": validation.fingerprint(),
            "runs": [run.manifest.run_id for run in snapshots],
        }
    )
    folder: Path = pipeline.workspace.bundles / f"{name}-{variant.name}-{key[:16]}"
    if folder.exists():
        return load_bundle(folder)
    fitted = ranker.fit(train, validation, seed)
    score, watched = fitted.predict(test), fitted.predict(validation)
    return export_bundle(
        folder,
        fitted,
        encoders,
        published=snapshots,
        data_fingerprint=fingerprint,
        metrics={
            "test_auc": auc(test.label, score),
            "validation_log_loss": log_loss(validation.label, watched),
        },
        calibration=fit_isotonic(validation.label, watched),
    )
