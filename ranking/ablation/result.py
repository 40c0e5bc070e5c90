"""What an ablation answers, as data that go to JSON and back."""

from pathlib import Path
from typing import Literal

from embedding_features.config import Config
from embedding_features.errors import ConfigError, DataError
from embedding_features.files import write_atomic
from ranking.ablation.bootstrap import Difference, Estimate
from ranking.ablation.config import AblationConfig
from ranking.experiment.importance import FieldImportance, Importance

__all__ = [
    "Ablation",
    "AblationConfig",
    "ComparedCell",
    "Cost",
    "FieldImportance",
    "Importance",
    "Note",
    "RecallCell",
    "SliceFigure",
    "SliceSize",
    "Verdict",
]

Verdict = Literal["better", "worse", "no difference"]
Note = Literal["", "too few rows", "too few users", "one class only"]


class SliceFigure(Config):
    """A cell's metric on a slice; without figures, ``note`` says why. Not corrected for many looks."""

    note: Note
    figure: Estimate | None = None
    difference: Difference | None = None


class Cost(Config):
    """What a ranker × variant costs. Times depend on the machine; nothing else of an ablation does.

    Attributes:
        bytes_online: of the pretrained features it reads, over all entities of the newest snapshot.
        read_ms: median milliseconds of reading them online for one user and ``candidates`` items; None
            where they are not online.
        score_ms: median milliseconds of scoring such a request, from encoded inputs.
        train_seconds: mean over seeds.
    """

    ranker: str
    variant: str
    candidates: int
    bytes_online: int
    read_ms: float | None
    score_ms: float
    train_seconds: float


class RecallCell(Config):
    """Recall mode: a metric of candidates from some sources, ranked; the first mix is the others' baseline.

    Attributes:
        mix: the sources, as ``popular + item2item``.
        metric: ``recall@20`` or ``ndcg@20``, over requests, end to end.
        candidates: the share of wanted items among the candidates (an upper bound of what ranking reaches).
    """

    mix: str
    metric: str
    candidates: float
    figure: Estimate
    difference: Difference | None = None
    p_corrected: float | None = None
    verdict: Verdict | None = None


class ComparedCell(Config):
    """One ranker × variant × metric. The baseline's own cell has no difference or verdict.

    Attributes:
        figure: mean over seeds, with its interval.
        seeds: the metric of each seed.
        seed_std: standard deviation between seeds; None for one seed.
        difference: variant minus baseline: interval (of this one difference, at 1 - alpha) and raw p-value.
        p_corrected: p after Holm's correction over the family.
        verdict: by ``p_corrected``, in the metric's own direction (a lower log loss is better).
        delong: of AUC, the same difference by DeLong's test on clusters of users: a second opinion that draws
            nothing, without the noise of seeds.
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
    delong: Difference | None = None
    slices: dict[str, SliceFigure] = {}


class SliceSize(Config):
    """A slice of the test rows: what it holds and how much of it there is."""

    name: str
    definition: str
    rows: int
    users: int
    positives: int


class Ablation(Config):
    """The result of :func:`.ablate`.

    Attributes:
        rows: test rows, of ``users`` users, ``positives`` of them with label 1.
        base_rate: mean label of the training rows.
        gauc_skipped_users: users GAUC leaves out, for their test rows are of one class; 0 without GAUC.
        cells: by ranker, variant, metric, in the order given.
        findings: the result in sentences, the verdict first.
        costs, importance, recall: beside the comparison, where the job measured them.
    """

    config: AblationConfig
    rows: int
    users: int
    positives: int
    base_rate: float
    gauc_skipped_users: int
    cells: tuple[ComparedCell, ...]
    slices: tuple[SliceSize, ...]
    findings: tuple[str, ...]
    costs: tuple[Cost, ...] = ()
    importance: tuple[Importance, ...] = ()
    recall: tuple[RecallCell, ...] = ()

    @property
    def rankers(self) -> list[str]:
        """The rankers, in the order given."""
        return list(dict.fromkeys(cell.ranker for cell in self.cells))

    def variants(self, ranker: str) -> list[str]:
        """A ranker's variants, the baseline first."""
        return list(dict.fromkeys(cell.variant for cell in self.cells if cell.ranker == ranker))

    def cell(self, ranker: str, variant: str, metric: str) -> ComparedCell:
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
