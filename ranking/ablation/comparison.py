"""One ranker's variants compared on some rows: figures, seeds and differences from the baseline."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from embedding_features.arrays import F32
from ranking.ablation.bootstrap import Difference, Estimate, bootstrap, difference, figure, seed_noise
from ranking.ablation.config import AblationConfig
from ranking.ablation.result import Note, SliceFigure
from ranking.ablation.slices import Slice
from ranking.metrics.replicates import ScoredRows, UndefinedMetricError
from ranking.metrics.statistics import METRICS


@dataclass(frozen=True)
class Measured:
    """A metric of one variant: mean over ``seeds`` with its interval; the baseline has no difference."""

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
    """Every (variant, metric) of one ranker on these rows.

    Args:
        variants: variant → [seeds, n] probabilities, the baseline among them.

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
    """Why the metric has no figure on these rows, or an empty string; the same for every score."""
    if rows.label.size < config.min_slice_rows:
        return "too few rows"
    try:
        statistic = METRICS[metric].statistic(rows, score)
    except UndefinedMetricError:
        return "one class only"
    return "too few users" if statistic.users < config.min_users else ""


def measure_slice(
    rows: ScoredRows, part: Slice, variants: Mapping[str, F32], config: AblationConfig
) -> dict[tuple[str, str], SliceFigure]:
    """Every (variant, metric) of one ranker on a slice, or why there is no figure."""
    inside = rows.where(part.rows)
    scores = {variant: score[:, part.rows] for variant, score in variants.items()}
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
        key: SliceFigure(note="", figure=found.figure, difference=found.difference)
        for key, found in measured.items()
    }
