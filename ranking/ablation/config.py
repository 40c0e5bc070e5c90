"""What an ablation is asked."""

from typing import Self

from pydantic import Field, model_validator

from embedding_features.config import Config
from ranking.ablation.slices import SliceConfig
from ranking.metrics.statistics import METRICS


class AblationConfig(Config):
    """How variants are compared.

    The ``primary`` metric gives the verdict that counts: its differences, over all rankers and variants, are
    one Holm family. The other metrics' differences, all together, are a second one.

    Attributes:
        baseline: the variant all others of a ranker are compared with.
        replicates: of the bootstrap; B replicates cannot give a p-value below 2 / (B + 1).
        slice_replicates: of the bootstrap of a slice, which needs an interval but no corrected p-value.
        alpha: family-wise error of the verdicts, and 1 - the coverage of each interval.
        min_slice_rows: a slice of fewer rows gets no figure.
        min_users: nor does one whose figure would rest on fewer users, and the test itself needs as many.
        rungs: variants that are parts of the baseline: compared, but no candidates for the headline.
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
