"""Measures all cells of an ablation: on the whole test, on its slices, and by DeLong's test."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from embedding_features.progress import Progress
from ranking.ablation.cells import Difference, SliceFigure
from ranking.ablation.comparison import Measured, measure, measure_slice
from ranking.ablation.config import AblationConfig
from ranking.ablation.delong import delong
from ranking.ablation.slices import Slice
from ranking.experiment.scores import Scores
from ranking.metrics.replicates import ScoredRows

#: ranker, variant, metric
Key = tuple[str, str, str]


@dataclass(frozen=True)
class Measurements:
    """Holds what was measured of each cell.

    Attributes:
        whole: on all test rows, in the order of the rankers, variants and metrics.
        on_slices: on each slice, by its name.
        by_delong: the difference by DeLong's test, of AUC only; None for the baseline.
    """

    whole: dict[Key, Measured] = field(default_factory=dict)
    on_slices: dict[Key, dict[str, SliceFigure]] = field(default_factory=dict)
    by_delong: dict[Key, Difference | None] = field(default_factory=dict)


def measure_cells(
    scores: Scores,
    rows: ScoredRows,
    test_slices: Sequence[Slice],
    config: AblationConfig,
    progress: Progress,
) -> Measurements:
    """Measure each ranker's variants on the same draws of users.

    Args:
        scores: scores of the test rows.
        rows: those rows, checked.
        test_slices: their slices.
        config: metrics, baseline and bootstrap.
        progress: shows a step for each ranker and slice.
    """
    measurements = Measurements()
    with progress.task("bootstrap", len(scores.scores) * (1 + len(test_slices))) as advance:
        for ranker, by_variant in scores.scores.items():
            variants = {config.baseline: by_variant[config.baseline], **by_variant}
            whole = measure(rows, variants, config.metrics, config, config.replicates)
            for (variant, metric), measured in whole.items():
                measurements.whole[ranker, variant, metric] = measured
                measurements.on_slices[ranker, variant, metric] = {}
            if "auc" in config.metrics:
                for variant, test in delong(rows, variants, config.baseline, config.alpha).items():
                    measurements.by_delong[ranker, variant, "auc"] = test.difference
            advance()
            for test_slice in test_slices:
                for (variant, metric), figure in measure_slice(rows, test_slice, variants, config).items():
                    measurements.on_slices[ranker, variant, metric][test_slice.name] = figure
                advance()
    return measurements
