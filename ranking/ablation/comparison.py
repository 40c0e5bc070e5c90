"""Compares one ranker's variants on some rows: figures, seeds and differences from the baseline."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from embedding_features.arrays import F32
from ranking.ablation.bootstrap import bootstrap, difference, figure, seed_noise
from ranking.ablation.cells import Difference, Estimate, Note, SliceFigure
from ranking.ablation.config import AblationConfig
from ranking.ablation.slices import Slice
from ranking.metrics.replicates import ScoredRows, UndefinedMetricError
from ranking.metrics.statistics import METRICS


@dataclass(frozen=True)
class Measured:
    """Holds a metric of one variant.

    Attributes:
        figure: mean over seeds, with its interval.
        seeds: the metric of each seed.
        difference: variant minus baseline; None for the baseline.
    """

    figure: Estimate
    seeds: tuple[float, ...]
    difference: Difference | None


def measure(
    rows: ScoredRows,
    variants: Mapping[str, F32],
    metrics: Sequence[str],
    config: AblationConfig,
    replicates: int,
) -> dict[tuple[str, str], Measured]:
    """Measure every (variant, metric) of one ranker on some rows.

    Args:
        rows: the rows.
        variants: variant → [seeds, n] probabilities, the baseline among them.
        metrics: names of the metrics.
        config: baseline, alpha and seed.
        replicates: number of bootstrap replicates.

    Raises:
        UndefinedMetricError: when the rows lack the classes a metric compares.
    """
    statistics = {
        (variant, metric): [METRICS[metric].statistic(rows, score) for score in scores]
        for variant, scores in variants.items()
        for metric in metrics
    }
    samples = bootstrap(statistics, rows.users, replicates, config.seed)
    measured = {}
    for metric in metrics:
        noise = seed_noise([samples[variant, metric] for variant in variants], config.seed)
        baseline = samples[config.baseline, metric]
        for variant in variants:
            sample = samples[variant, metric]
            measured[variant, metric] = Measured(
                figure=figure(sample, noise, config.alpha),
                seeds=tuple(float(value) for value in sample.seeds),
                difference=None
                if variant == config.baseline
                else difference(sample, baseline, noise, config.alpha),
            )
    return measured


def _note(rows: ScoredRows, score: F32, metric: str, config: AblationConfig) -> Note:
    """Return why a metric has no figure on some rows, or ""; the reason is the same for every score."""
    if rows.label.size < config.min_slice_rows:
        return "too few rows"
    try:
        statistic = METRICS[metric].statistic(rows, score)
    except UndefinedMetricError:
        return "one class only"
    return "too few users" if statistic.users < config.min_users else ""


def measure_slice(
    rows: ScoredRows, test_slice: Slice, variants: Mapping[str, F32], config: AblationConfig
) -> dict[tuple[str, str], SliceFigure]:
    """Measure every (variant, metric) of one ranker on a slice, or note why there is no figure."""
    inside = rows.where(test_slice.rows)
    scores = {variant: score[:, test_slice.rows] for variant, score in variants.items()}
    notes = {metric: _note(inside, scores[config.baseline][0], metric, config) for metric in config.metrics}
    enough = [metric for metric in config.metrics if not notes[metric]]
    measured = measure(inside, scores, enough, config, config.slice_replicates) if enough else {}
    missing = {
        (variant, metric): SliceFigure(note=note)
        for variant in variants
        for metric, note in notes.items()
        if note
    }
    return missing | {
        key: SliceFigure(note="", figure=metric.figure, difference=metric.difference)
        for key, metric in measured.items()
    }
