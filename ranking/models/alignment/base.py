"""The interface of domain alignment: ``alignment: {kind: mmd, weight: 1.0}`` in a ranker's YAML."""

from abc import abstractmethod
from typing import Literal, Self

import torch
from pydantic import Field, model_validator

from embedding_features.config import Config, Part
from embedding_features.multitask import UncertaintyWeights
from ranking.models.alignment.term import AlignmentTerm, Discrepancy
from ranking.models.alignment.towers import Separation, SharedTower
from ranking.models.module import RankerNetwork
from ranking.models.tensors import Batch
from ranking.models.training import Balance


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
            generator: draws the tower's weights.
        """
        if self.towers is None:
            return ranker
        return SharedTower(ranker, ranker.representation_width(train), self.towers.hidden, generator)

    def term(self, width: int, steps: int, generator: torch.Generator) -> AlignmentTerm:
        """Return the module that computes the term.

        Args:
            width: width of the network's representation, half of which is aligned where there are towers.
            steps: batches that training takes at most.
            generator: draws the term's own weights.
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
            generator: draws the module's weights.
        """
