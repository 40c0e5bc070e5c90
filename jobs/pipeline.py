"""Reads a pipeline's YAML: from logs to ablation, one section a job."""

from pathlib import Path
from typing import Literal

from pydantic import Field, model_validator

from embedding_features.config import Config, load_config
from embedding_features.derive import DeriveSpec
from embedding_features.graph.schema import GraphSchema
from embedding_features.space import HealthConfig
from jobs.sections import (
    LateEvents,
    Moments,
    Pretrain,
    Publish,
    Rank,
    RecallConfig,
    SubModelMode,
    Surface,
)
from jobs.workspace import Workspace
from ranking.ablation.config import AblationConfig
from ranking.experiment.factors.base import GridContext, SubModelContext


class Pipeline(Config):
    """Holds a whole pipeline. Relative paths begin at the working directory.

    Attributes:
        name: shown in the report.
        dataset: a public data set that ``quickstart`` gets first.
        minutes: that ``quickstart`` takes on two cores, which it tells at its start.
        root: the workspace.
        pretrain: the method whose features variants have that name none, and the recall mode searches.
        also: further methods, each a family of its own.
    """

    name: str
    dataset: Literal["ml-100k", "ciao"] | None = None
    minutes: float | None = Field(default=None, gt=0)
    root: Path = Path("workspace")
    graph: GraphSchema
    as_of: Moments
    pretrain: Pretrain = Pretrain()
    also: tuple[Pretrain, ...] = ()
    derive: DeriveSpec = DeriveSpec()
    health: HealthConfig = HealthConfig()
    publish: Publish = Publish()
    rank: Rank
    recall: RecallConfig = RecallConfig()
    submodel: SubModelMode | None = None
    surface: Surface | None = None
    late: LateEvents | None = None
    ablate: AblationConfig = AblationConfig()

    @model_validator(mode="after")
    def _families_apart(self) -> "Pipeline":
        families = [method.family_name for method in self.methods]
        twice = sorted({name for name in families if families.count(name) > 1})
        if twice:
            raise ValueError(f"two methods of one family {', '.join(twice)}: name another family for one")
        for variant in self.rank.variants:
            variant.check_grid(self.grid_context)
        return self

    @model_validator(mode="after")
    def _studies_have_what_they_need(self) -> "Pipeline":
        if (self.surface or self.late) and not self.rank.needs_fresh:
            raise ValueError("surface and late need a variant of rank.grid that sees fresh features")
        if self.late is not None and self.late.ranker not in self.rank.rankers:
            known = ", ".join(self.rank.rankers)
            raise ValueError(f"late.ranker is {self.late.ranker!r}; rank.rankers has {known}")
        return self

    @property
    def grid_context(self) -> GridContext:
        """Return what the variants of the grid refer to."""
        section, made = self.submodel, None
        if section is not None:
            made = SubModelContext(section.pretrain.family_name, section.as_of)
        return GridContext(
            families=tuple(method.family_name for method in self.methods),
            target_domain=self.rank.target_domain,
            sub_model=made,
        )

    @property
    def methods(self) -> tuple[Pretrain, ...]:
        """Return all methods that are pretrained, the first one first."""
        return (self.pretrain, *self.also)

    @property
    def workspace(self) -> Workspace:
        """The folders below ``root``."""
        return Workspace(self.root)


def load_pipeline(path: Path) -> Pipeline:
    """Read a pipeline's YAML.

    Raises:
        ConfigError: naming each field that is wrong.
    """
    return load_config(path, Pipeline)
