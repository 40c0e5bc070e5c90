"""What an ablation is asked and what it answers, as settings and data that go to JSON and back."""

from pathlib import Path
from typing import Literal, Self

from pydantic import Field, model_validator

from embedding_features.config import Config
from embedding_features.errors import ConfigError, DataError
from embedding_features.files import write_atomic
from ranking.metric_statistics import METRICS
from ranking.significance import Difference, Estimate
from ranking.slices import SliceConfig

Verdict = Literal["better", "worse", "no difference"]
Note = Literal["", "too few rows", "too few users", "one class only"]


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
    """

    baseline: str = "none"
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


class SliceFigure(Config):
    """A cell's metric on a slice; without figures, ``note`` says why. Not corrected for many looks."""

    note: Note
    figure: Estimate | None = None
    difference: Difference | None = None


class Cell(Config):
    """One ranker × variant × metric. The baseline's own cell has no difference or verdict.

    Attributes:
        figure: mean over seeds, with its interval.
        seeds: the metric of each seed.
        seed_std: standard deviation between seeds; None for one seed.
        difference: variant minus baseline: interval (of this one difference, at 1 - alpha) and raw p-value.
        p_corrected: p after Holm's correction over the family.
        verdict: by ``p_corrected``, in the metric's own direction (a lower log loss is better).
    """

    ranker: str
    variant: str
    metric: str
    figure: Estimate
    seeds: tuple[float, ...]
    seed_std: float | None
    difference: Difference | None = None
    p_corrected: float | None = None
    verdict: Verdict | None = None
    slices: dict[str, SliceFigure] = {}


class SliceSize(Config):
    """A slice of the test rows: what it holds and how much of it there is."""

    name: str
    definition: str
    rows: int
    users: int
    positives: int


class Ablation(Config):
    """The result of :func:`ranking.ablation.ablate`.

    Attributes:
        rows: test rows, of ``users`` users, ``positives`` of them with label 1.
        base_rate: mean label of the training rows.
        gauc_skipped_users: users GAUC leaves out, for their test rows are of one class.
        cells: by ranker, variant, metric, in the order given.
        seconds: ranker → variant → mean training seconds.
        findings: the result in sentences, the verdict first.
    """

    config: AblationConfig
    rows: int
    users: int
    positives: int
    base_rate: float
    gauc_skipped_users: int
    cells: tuple[Cell, ...]
    slices: tuple[SliceSize, ...]
    seconds: dict[str, dict[str, float]]
    findings: tuple[str, ...]

    @property
    def rankers(self) -> list[str]:
        """The rankers, in the order given."""
        return list(dict.fromkeys(cell.ranker for cell in self.cells))

    def variants(self, ranker: str) -> list[str]:
        """A ranker's variants, the baseline first."""
        return list(dict.fromkeys(cell.variant for cell in self.cells if cell.ranker == ranker))

    def cell(self, ranker: str, variant: str, metric: str) -> Cell:
        """One cell.

        Raises:
            ConfigError: when there is none of these names.
        """
        for cell in self.cells:
            if (cell.ranker, cell.variant, cell.metric) == (ranker, variant, metric):
                return cell
        raise ConfigError(f"the ablation has no cell {ranker} × {variant} × {metric}")

    def write_json(self, path: Path) -> None:
        """Write the result, whole or not at all."""
        write_atomic(path, (self.model_dump_json(indent=2) + "\n").encode())

    @classmethod
    def read_json(cls, path: Path) -> "Ablation":
        """Read what :meth:`write_json` wrote.

        Raises:
            DataError: when the file is missing or is no ablation's result.
        """
        try:
            return cls.model_validate_json(path.read_bytes())
        except FileNotFoundError:
            raise DataError(f"no ablation result at {path}", fix="run the ablation first") from None
        except ValueError as error:
            raise DataError(f"{path} is no ablation result: {error}", fix="run the ablation again") from None
