"""The result of an ablation, as data that are written to JSON and read back."""

from pathlib import Path

from embedding_features.config import Config
from embedding_features.errors import ConfigError, DataError
from embedding_features.files import write_atomic
from ranking.ablation.cells import ComparedCell, Note, RecallCell, SliceFigure, Verdict
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
    "SurfaceResult",
    "Verdict",
]


class Cost(Config):
    """Holds what a ranker × variant costs. Its times depend on the machine; nothing else of an ablation does.

    Attributes:
        candidates: items of a request.
        bytes_online: bytes of the pretrained features it reads, over all entities of the newest snapshot.
        read_ms: median milliseconds of reading them online for one user and ``candidates`` items; None where
            they are not online.
        score_ms: median milliseconds of scoring such a request, from encoded inputs.
        train_seconds: seconds of training, mean over seeds.
    """

    ranker: str
    variant: str
    candidates: int
    bytes_online: int
    read_ms: float | None
    score_ms: float
    train_seconds: float


class SliceSize(Config):
    """Describes a slice of the test rows and counts it.

    Attributes:
        name: its short name.
        definition: which rows it has, in words.
        rows, users, positives: how many rows, users and rows with label 1 it has.
    """

    name: str
    definition: str
    rows: int
    users: int
    positives: int


class SurfaceResult(Config):
    """Holds what rankers of a new surface's first labels reach, with and without behaviour elsewhere.

    Attributes:
        name: of the surface.
        labels: number of labels that rankers learned from.
        rows, users: number of test rows of the surface, and of their users.
        cells: of the arms of :mod:`ranking.studies.new_surface`.
    """

    name: str
    labels: int
    rows: int
    users: int
    cells: tuple[ComparedCell, ...]


class Ablation(Config):
    """Holds the result of :func:`.ablate`.

    Attributes:
        config: how variants were compared.
        rows, users, positives: number of test rows, of their users, and of rows with label 1.
        base_rate: mean label of the training rows.
        gauc_skipped_users: users that GAUC leaves out, as their test rows are of one class; 0 without GAUC.
        cells: a cell for each ranker, variant and metric, in the order given.
        slices: the slices of the test rows.
        findings: the result in sentences, the verdict first.
        costs, importance, recall: costs, importance of fields and the recall mode, where they were measured.
        surfaces: what rankers of a new surface's few labels reach; likewise.
        late: cells of fresh figures whose events are seen late, variants being the lags; likewise.
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
    surfaces: tuple[SurfaceResult, ...] = ()
    late: tuple[ComparedCell, ...] = ()

    @property
    def rankers(self) -> list[str]:
        """Names of the rankers, in the order given."""
        return list(dict.fromkeys(cell.ranker for cell in self.cells))

    def variants(self, ranker: str) -> list[str]:
        """Return the names of a ranker's variants, the baseline first."""
        return list(dict.fromkeys(cell.variant for cell in self.cells if cell.ranker == ranker))

    def cell(self, ranker: str, variant: str, metric: str) -> ComparedCell:
        """Return one cell.

        Raises:
            ConfigError: when there is no cell of these names.
        """
        for cell in self.cells:
            if (cell.ranker, cell.variant, cell.metric) == (ranker, variant, metric):
                return cell
        raise ConfigError(f"the ablation has no cell {ranker} × {variant} × {metric}")

    def write_json(self, path: Path) -> None:
        """Write the result to a file, whole or not at all."""
        write_atomic(path, (self.model_dump_json(indent=2) + "\n").encode())

    @classmethod
    def read_json(cls, path: Path) -> "Ablation":
        """Read the result that :meth:`write_json` wrote.

        Raises:
            DataError: when the file is missing or is no ablation's result.
        """
        try:
            return cls.model_validate_json(path.read_bytes())
        except FileNotFoundError:
            raise DataError(f"no ablation result at {path}", fix="run the ablation first") from None
        except ValueError as error:
            raise DataError(f"{path} is no ablation result: {error}", fix="run the ablation again") from None
