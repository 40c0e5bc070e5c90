"""One loss of a trained method: what it draws, how it scores, and what it minimises."""

from pydantic import Field, SerializeAsAny

from embedding_features.config import Config
from embedding_features.objectives.base import Objective
from embedding_features.sampling.base import Sampler
from embedding_features.scorers import Dot, Scorer


class Task(Config):
    """Settings of one loss.

    Attributes:
        sampler: draws the examples of each step.
        objective: the loss.
        scorer: how an anchor, and a relation, are compared with a target.
        penalties: what is added to the loss.
        weight: of the loss among those of several tasks.
    """

    sampler: SerializeAsAny[Sampler]
    objective: SerializeAsAny[Objective]
    scorer: SerializeAsAny[Scorer] = Dot()
    penalties: tuple[SerializeAsAny[Objective], ...] = ()
    weight: float = Field(default=1.0, gt=0)
