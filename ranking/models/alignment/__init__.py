"""Domain alignment of torch rankers by MMD, CORAL or a domain classifier, with or without private towers."""

from ranking.models.alignment.adversarial import Adversarial
from ranking.models.alignment.base import DomainAlignment, TowerSettings
from ranking.models.alignment.discrepancies import MMD, Coral

__all__ = ["MMD", "Adversarial", "Coral", "DomainAlignment", "TowerSettings"]
