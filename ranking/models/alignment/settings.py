"""Settings of domain alignment: ``alignment: {kind: mmd, weight: 1.0}`` in a ranker's YAML."""

from abc import abstractmethod
from typing import Literal, Self

import torch
from pydantic import Field, model_validator
from typing_extensions import override

from embedding_features.config import Config, Part
from embedding_features.discrepancy import coral, mmd2_biased, mmd2_linear, mmd2_unbiased
from embedding_features.discrepancy.kernels import FACTORS
from embedding_features.multitask import UncertaintyWeights
from ranking.models.alignment.adversarial import DomainClassifier
from ranking.models.alignment.term import AlignmentTerm, Discrepancy
from ranking.models.alignment.towers import Separation, SharedTower
from ranking.models.module import RankerNetwork
from ranking.models.tensors import Batch
from ranking.models.training import Balance

_ESTIMATES = {"biased": mmd2_biased, "unbiased": mmd2_unbiased, "linear": mmd2_linear}


class TowerSettings(Config):
    """Settings of shared and private towers (:mod:`.towers`).

    Attributes:
        hidden: width of each tower's hidden layer.
        difference: weight of the loss that makes shared and private outputs orthogonal.
        reconstruction: weight of the loss of reconstructing the representation from both. Both weights are
            by default those of the paper's experiments.
    """

    hidden: int = Field(default=32, ge=1)
    difference: float = Field(default=0.05, ge=0)
    reconstruction: float = Field(default=0.01, ge=0)


class DomainAlignment(Part):
    """Settings of a term that draws source and target representations together while a ranker trains.

    Attributes:
        weight: weight of the discrepancy beside the task's log loss; ``"uncertainty"`` learns the weights of
            both (:class:`.UncertaintyWeights`).
        slope: γ of the schedule by which the term's strength grows (:func:`.strength`).
        towers: settings of shared and private towers; None to align the representation itself.
    """

    weight: float | Literal["uncertainty"] = 1.0
    slope: float = Field(default=10.0, gt=0)
    towers: TowerSettings | None = None

    @model_validator(mode="after")
    def _positive(self) -> Self:
        if not isinstance(self.weight, str) and self.weight <= 0:
            raise ValueError(f"weight {self.weight} is not above 0; leave out alignment to have none")
        return self

    def network(self, ranker: RankerNetwork, train: Batch, generator: torch.Generator) -> RankerNetwork:
        """Return the ranker's network, with the shared tower on it where there are towers.

        Args:
            ranker: the network without towers.
            train: training rows, by which the width of its representation is found.
            generator: of the tower's weights.
        """
        if self.towers is None:
            return ranker
        return SharedTower(ranker, ranker.representation_width(train), self.towers.hidden, generator)

    def term(self, width: int, steps: int, generator: torch.Generator) -> AlignmentTerm:
        """Return the module that computes the term.

        Args:
            width: width of the network's representation, half of which is aligned where there are towers.
            steps: batches that training takes at most.
            generator: of the term's own weights.
        """
        separation = None
        if self.towers is not None:
            towers, width = self.towers, width // 2
            separation = Separation(width, towers.hidden, towers.difference, towers.reconstruction, generator)
        weight = 1.0 if isinstance(self.weight, str) else self.weight
        return AlignmentTerm(self.discrepancy(width, generator), weight, steps, self.slope, separation)

    def balance(self) -> Balance:
        """Return how log loss and term become one loss: as a sum, or weighted by learned uncertainty."""
        return UncertaintyWeights(2) if self.weight == "uncertainty" else torch.sum

    @abstractmethod
    def discrepancy(self, width: int, generator: torch.Generator) -> Discrepancy:
        """Return the function, or the module, that says how far apart the two domains are.

        Args:
            width: width of what is aligned.
            generator: of the module's weights.
        """


class MMD(DomainAlignment):
    """Aligns domains by the squared maximum mean discrepancy.

    Gretton et al., JMLR 2012; as a loss of deep networks by Long et al., Deep Adaptation Networks, ICML 2015.

    Attributes:
        estimate: ``"unbiased"`` or ``"biased"``, in O(b²) for a batch of b rows, or ``"linear"``, for batches
            of many thousand rows. Learned weights need the biased one, which is never below 0.
        factors: bandwidths of the kernels, as multiples of the median distance.
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

    @override
    def discrepancy(self, width: int, generator: torch.Generator) -> Discrepancy:
        estimate = _ESTIMATES[self.estimate]
        return lambda source, target, strength: strength * estimate(source, target, self.factors)


class Coral(DomainAlignment):
    """Aligns domains by their covariances; their means stay free.

    Sun & Saenko, Deep CORAL, ECCV workshops 2016.
    """

    kind: Literal["coral"] = "coral"

    @override
    def discrepancy(self, width: int, generator: torch.Generator) -> Discrepancy:
        return lambda source, target, strength: strength * coral(source, target)


class Adversarial(DomainAlignment):
    """Aligns domains by a classifier of domains whose gradient is reversed.

    The classifier learns to distinguish the domains, and the representation learns to hide them. Ganin et
    al., Domain-Adversarial Training of Neural Networks, JMLR 2016.

    Attributes:
        hidden: width of the classifier's hidden layer.
    """

    kind: Literal["adversarial"] = "adversarial"
    hidden: int = Field(default=32, ge=1)

    @override
    def discrepancy(self, width: int, generator: torch.Generator) -> Discrepancy:
        return DomainClassifier(width, self.hidden, generator)
