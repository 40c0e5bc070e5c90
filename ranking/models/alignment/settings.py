"""What a user may set of domain alignment: ``alignment: {kind: mmd, weight: 1.0}`` in a ranker's YAML."""

from abc import abstractmethod
from typing import TYPE_CHECKING, Literal, Self

import torch
from pydantic import Field, model_validator

from embedding_features.config import Config, Part
from embedding_features.discrepancy import coral, mmd2_biased, mmd2_linear, mmd2_unbiased
from embedding_features.discrepancy.kernels import FACTORS

if TYPE_CHECKING:  # rankers have these settings: what needs rankers is imported where it is used
    from ranking.models.alignment.term import AlignmentTerm, Discrepancy
    from ranking.models.module import RankerNetwork
    from ranking.models.tensors import Batch
    from ranking.models.training import Balance

_ESTIMATES = {"biased": mmd2_biased, "unbiased": mmd2_unbiased, "linear": mmd2_linear}


class TowerSettings(Config):
    """Shared and private towers (:mod:`.separation`).

    Attributes:
        hidden: width of each tower's hidden layer.
        difference: weight of the loss that makes shared and private orthogonal.
        reconstruction: weight of the loss of giving the representation back. Both weights as in the paper's
            experiments.
    """

    hidden: int = Field(default=32, ge=1)
    difference: float = Field(default=0.05, ge=0)
    reconstruction: float = Field(default=0.01, ge=0)


class DomainAlignment(Part):
    """Settings of a term that draws source and target representations together while a ranker trains.

    Attributes:
        weight: of the discrepancy beside the task's log loss, or ``"uncertainty"``: the weights of log loss
            and term are learned (:class:`.UncertaintyWeights`).
        slope: γ of the schedule by which the term's pull grows (:func:`.strength`).
        towers: None to align the representation itself.
    """

    weight: float | Literal["uncertainty"] = 1.0
    slope: float = Field(default=10.0, gt=0)
    towers: TowerSettings | None = None

    @model_validator(mode="after")
    def _positive(self) -> Self:
        if not isinstance(self.weight, str) and self.weight <= 0:
            raise ValueError(f"weight {self.weight} is not above 0; leave out alignment to have none")
        return self

    def network(self, ranker: "RankerNetwork", train: "Batch", generator: torch.Generator) -> "RankerNetwork":
        """The ranker, with the shared tower where there is one; ``train`` shows how wide it represents."""
        if self.towers is None:
            return ranker
        from ranking.models.alignment.towers import SharedTower

        return SharedTower(ranker, ranker.width(train), self.towers.hidden, generator)

    def term(self, width: int, steps: int, generator: torch.Generator) -> "AlignmentTerm":
        """The module that computes the term.

        Args:
            width: of the network's representation, of which the term reads half where there are towers.
            steps: batches that training takes at most.
            generator: of its first parameters.
        """
        from ranking.models.alignment.term import AlignmentTerm
        from ranking.models.alignment.towers import Separation

        separation = None
        if self.towers is not None:
            towers, width = self.towers, width // 2
            separation = Separation(width, towers.hidden, towers.difference, towers.reconstruction, generator)
        weight = 1.0 if isinstance(self.weight, str) else self.weight
        return AlignmentTerm(self.discrepancy(width, generator), weight, steps, self.slope, separation)

    def balance(self) -> "Balance":
        """How log loss and term become one: their sum, or weighted by learned uncertainty."""
        if self.weight != "uncertainty":
            return torch.sum
        from embedding_features.multitask import UncertaintyWeights

        return UncertaintyWeights(2)

    @abstractmethod
    def discrepancy(self, width: int, generator: torch.Generator) -> "Discrepancy":
        """What the two domains are compared by; see :meth:`term`."""


class MMD(DomainAlignment):
    """Squared maximum mean discrepancy (Gretton et al., JMLR 2012), as Long et al. (Deep Adaptation Networks,
    ICML 2015) train by it.

    Attributes:
        estimate: ``"unbiased"`` or ``"biased"``, in O(b²) of a batch of b rows, or ``"linear"``, for batches
            of many thousand rows. Learned weights ask for the biased one, which is never below 0.
        factors: bandwidths as multiples of the median distance.
    """

    kind: Literal["mmd"] = "mmd"
    estimate: Literal["biased", "unbiased", "linear"] = "unbiased"
    factors: tuple[float, ...] = Field(default=FACTORS, min_length=1)

    @model_validator(mode="after")
    def _fit(self) -> Self:
        if min(self.factors) <= 0:
            raise ValueError(f"factors {self.factors} are not all above 0")
        if self.weight == "uncertainty" and self.estimate != "biased":
            raise ValueError(
                f"the {self.estimate} estimate may be below 0, which no learned weight bears; "
                "set estimate: biased, or a weight"
            )
        return self

    def discrepancy(self, width: int, generator: torch.Generator) -> "Discrepancy":  # noqa: ARG002
        estimate = _ESTIMATES[self.estimate]
        return lambda source, target, strength: strength * estimate(source, target, self.factors)


class Coral(DomainAlignment):
    """Deep CORAL (Sun & Saenko, ECCV workshops 2016): equal covariances; the means stay free."""

    kind: Literal["coral"] = "coral"

    def discrepancy(self, width: int, generator: torch.Generator) -> "Discrepancy":  # noqa: ARG002
        return lambda source, target, strength: strength * coral(source, target)


class Adversarial(DomainAlignment):
    """Domain-adversarial training (Ganin et al., JMLR 2016): a classifier learns to tell the domains apart
    through a gradient that is reversed, so that the representation learns to hide them.

    Attributes:
        hidden: width of the classifier's hidden layer.
    """

    kind: Literal["adversarial"] = "adversarial"
    hidden: int = Field(default=32, ge=1)

    def discrepancy(self, width: int, generator: torch.Generator) -> "Discrepancy":
        from ranking.models.alignment.adversarial import DomainClassifier

        return DomainClassifier(width, self.hidden, generator)
