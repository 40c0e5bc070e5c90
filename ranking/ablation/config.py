"""The configuration of an ablation."""

from typing import Self

from pydantic import Field, model_validator

from embedding_features.config import Config
from ranking.ablation.slices import SliceConfig
from ranking.metrics.statistics import METRICS


class AblationConfig(Config):
    """Settings of how variants are compared.

    The ``primary`` metric gives the verdict that counts: its differences, over all rankers and variants, are
    one Holm family. The other metrics' differences, all together, are a second one.

    Attributes:
        baseline: the variant that all others of a ranker are compared with.
        rungs: variants that are parts of the baseline; they are compared, but stay out of the headline.
        metrics: names of the metrics that are compared (:data:`.METRICS`).
        primary: the metric whose verdicts count.
        replicates: replicates of the bootstrap; B of them cannot give a p-value below 2 / (B + 1), so raise
            it where variants are many.
        slice_replicates: replicates of a slice's bootstrap, which needs an interval but no corrected p-value.
        alpha: family-wise error of the verdicts, and 1 - the coverage of each interval.
        seed: seed of all draws.
        min_slice_rows: fewest rows of a slice that gets a figure.
        min_users: fewest users that a slice's figure rests on, and that the whole test has.
        slices: where the bands of slices end.
    """

    baseline: str = "none"
    rungs: tuple[str, ...] = ("ids", "counts")
    metrics: tuple[str, ...] = tuple(METRICS)
    primary: str = "auc"
    replicates: int = Field(5000, ge=100)
    slice_replicates: int = Field(1000, ge=100)
    alpha: float = Field(0.05, gt=0, lt=0.5)
    seed: int = Field(0, ge=0)
    min_slice_rows: int = Field(200, ge=1)
    min_users: int = Field(20, ge=2)
    slices: SliceConfig = SliceConfig()

    @model_validator(mode="after")
    def _known_metrics(self) -> Self:
        unknown = sorted(set(self.metrics) - set(METRICS))
        if unknown or len(set(self.metrics)) != len(self.metrics):
            raise ValueError(f"metrics must be different ones of {', '.join(METRICS)}, not {self.metrics}")
        if self.primary not in self.metrics:
            raise ValueError(f"primary {self.primary!r} must be one of metrics {self.metrics}")
        return self
