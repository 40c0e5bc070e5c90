"""How the settings of a method are judged."""

from typing import Literal

from pydantic import Field, PositiveInt

from embedding_features.config import Config
from embedding_features.evaluate.metrics import Retrieval


class Tuning(Config):
    """Says how settings are judged: by retrieval of pairs that leave the graph before anything is learned.

    Attributes:
        metric: ``"recall@20"`` or ``"ndcg@20"`` with any cut-off, higher is better.
        by: how pairs are held out, see :func:`.split_holdout`. Hold out the way of the final judgement,
            because the best settings depend on it; None: by time where the relation has times.
        fraction: share of the pairs to hold out.
        users: how many users, drawn at random, the metric is measured on; None for all.
        seed: of the split, the users, every fit and the search.
    """

    metric: str = Field(default="recall@20", pattern=r"^(recall|ndcg)@[1-9]\d*$")
    by: Literal["time", "random"] | None = None
    fraction: float = Field(default=0.2, gt=0, lt=1)
    users: PositiveInt | None = 6000
    seed: int = Field(default=0, ge=0)

    @property
    def k(self) -> int:
        """The metric's cut-off."""
        return int(self.metric.split("@")[1])

    def figure(self, result: Retrieval) -> float:
        """Return the metric out of those that were measured."""
        return result.recall if self.metric.startswith("recall") else result.ndcg
