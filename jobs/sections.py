"""The sections of a pipeline's YAML."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path

from pydantic import AwareDatetime, Field, JsonValue, PositiveInt, SerializeAsAny, model_validator

from embedding_features.config import Config, config_hash
from embedding_features.files import safe_name
from embedding_features.fresh import LAST_EVENTS
from embedding_features.methods import Method, make
from embedding_features.space import AlignmentConfig
from ranking.experiment.factors.features import GROUPS
from ranking.experiment.variants import DEFAULT_GRID, Block, Variant, expand
from ranking.inputs.groups import FRESH_GROUP
from ranking.leaks.columns import LeakCheck
from ranking.models import DLRM, LightGBM, Ranker, WideDeep
from ranking.models.network import NetworkRanker
from ranking.modes.recall import RecallStage
from ranking.modes.sub_encoder import FineTuning
from ranking.studies.late_events import Lag
from ranking.task.task import Side, Task


class Moments(Config):
    """Lists the moments of snapshots: ``first``, then every ``every_days`` up to ``last``."""

    first: AwareDatetime
    last: AwareDatetime
    every_days: float = Field(gt=0)

    @model_validator(mode="after")
    def _in_order(self) -> "Moments":
        if self.last < self.first:
            raise ValueError(f"last {self.last} is before first {self.first}")
        return self

    def moments(self) -> list[datetime]:
        """Return all of them, in order."""
        step = timedelta(days=self.every_days)
        return [self.first + i * step for i in range(int((self.last - self.first) / step) + 1)]


class Pretrain(Config):
    """Says which method is pretrained, with which parameters (see ``embedding-features methods NAME``)."""

    method: str = "spectral"
    family: str | None = None
    """The line of snapshots this one continues; the method's name by default."""
    params: dict[str, JsonValue] = {}
    seed: int = 0
    warm_start: bool = False
    """Start a method that has a start from the snapshot before."""
    previous_l2: float = Field(default=0.0, ge=0)
    """With a warm start: how hard vectors are drawn to those of the snapshot before (:class:`.Method`)."""
    freeze: tuple[str, ...] = ()
    """With a warm start: node types whose vectors stay those of the snapshot before."""
    values: str | None = None
    """A relation of two node types with vectors whose weights are what users gave to items (labels, ratings):
    fresh scores are regressions of these."""
    align: AlignmentConfig = AlignmentConfig()

    @model_validator(mode="after")
    def _needs_a_start(self) -> "Pretrain":
        if (self.previous_l2 or self.freeze) and not self.warm_start:
            raise ValueError("previous_l2 and freeze hold fast to the snapshot before: set warm_start: true")
        return self

    def composition(self) -> Method:
        """Return the method, its parameters checked."""
        of_series = {"values": self.values, "previous_l2": self.previous_l2, "freeze": self.freeze}
        return make(self.method, **self.params).model_copy(update=of_series)

    @property
    def family_name(self) -> str:
        """The family that snapshots get."""
        return self.family or self.method

    @property
    def key(self) -> str:
        """Name of the folder of the results of exactly these settings."""
        return f"{safe_name(self.family_name, 'family')}-{config_hash(self)[:8]}"


class Publish(Config):
    """Says where snapshots go, and the publish time of a backfilled one: as_of plus ``delay_hours``."""

    repo: Path = Path("feature_repo")
    delay_hours: float = Field(default=6.0, ge=0)
    allow_timeless: bool = False


class Fresh(Config):
    """Says what is made of users' (or items') latest events and the snapshots.

    Attributes:
        families: whose snapshots; all pretrained ones by default.
        recipes: what is made of them.
        whose: sides that are made fresh: a user from her items, an item from its users.
        last: newest events of a user or item that count.
    """

    families: tuple[str, ...] | None = None
    recipes: tuple[str, ...] = Field(default=("fold_in",), min_length=1)
    whose: tuple[Side, ...] = Field(default=("user",), min_length=1)
    last: int = Field(default=LAST_EVENTS, ge=1)


class Rank(Config):
    """Names the task, the rankers and the grid."""

    task: Task
    service: str = "ranking_all"
    """The Feast feature service that training sets come from."""
    rankers: dict[str, SerializeAsAny[Ranker]] = Field(
        default={"lightgbm": LightGBM(), "wide_deep": WideDeep(), "dlrm": DLRM()}, min_length=1
    )
    """Name in the report → settings, with the ``kind`` of ranker."""
    grid: tuple[Block, ...] = Field(default=DEFAULT_GRID, min_length=1)
    """The variants: every combination of each block; each ranker is trained on all that it can be."""
    seeds: tuple[int, ...] = (0, 1, 2)
    target_domain: str | None = None
    """The domain that aligned variants draw together with all others."""
    leaks: LeakCheck = LeakCheck()
    fresh: Fresh = Fresh()

    @property
    def needs_fresh(self) -> bool:
        """Whether any variant sees fresh figures."""
        return any(FRESH_GROUP in GROUPS[variant["features"]] for variant in self.variants)

    @property
    def variants(self) -> Sequence[Variant]:
        """The variants of all blocks of the grid."""
        return expand(self.grid)


class RecallConfig(Config):
    """Sets up the recall mode: the best ranker behind candidates, at moments of the test part.

    Attributes:
        k: recall@k and NDCG@k.
        every_days: from the first test label on; requests are of users who take to something new until the
            next moment.
        ranker: that learns from candidates of the train and validation parts; None: the best bundle alone.
    """

    k: int = Field(default=20, ge=1)
    every_days: float = Field(default=7, gt=0)
    stage: RecallStage = RecallStage()
    ranker: SerializeAsAny[Ranker] | None = None


class LateEvents(Config):
    """Sets up the study of what it costs when events are seen late.

    Attributes:
        lags: after which an event is seen, such as ``30s``, ``10m``, ``1h`` or ``1d``.
        ranker: whose gain by fresh figures is looked at; one of ``rank.rankers``.
        seeds: of its training.
    """

    lags: tuple[Lag, ...] = Field(default=("1m", "10m", "1h", "1d"), min_length=1)
    ranker: str = "lightgbm"
    seeds: tuple[int, ...] = Field(default=(0,), min_length=1)


class Surface(Config):
    """Sets up the study of a new surface: some items as a scarce target, all others as behaviour elsewhere.

    Attributes:
        name: of the surface in reports.
        column: of the items' table, with a value or a list of them.
        value: that the surface's items have there.
        labels: numbers of labels that a ranker learns from.
        rankers: name in the report → settings.
    """

    name: str
    column: str
    value: str
    labels: tuple[PositiveInt, ...] = Field(default=(500, 2000), min_length=1)
    rankers: dict[str, SerializeAsAny[Ranker]] = Field(default={"lightgbm": LightGBM()}, min_length=1)


class SubModelMode(Config):
    """Sets up the sub-model mode: an encoder of one moment inside a ranker, trained on later rows.

    Attributes:
        as_of: of the encoder's graph; training rows are strictly later.
        pretrain: a method that trains a network.
        ranker: what the encoder is a part of.
    """

    as_of: AwareDatetime
    pretrain: Pretrain = Pretrain(method="lightgcn")
    ranker: SerializeAsAny[NetworkRanker] = WideDeep()
    tuning: FineTuning = FineTuning()
