"""Domain alignment of torch rankers by MMD, CORAL or a domain classifier, with or without private towers."""

from ranking.models.alignment.settings import MMD, Adversarial, Coral, DomainAlignment, TowerSettings

__all__ = ["MMD", "Adversarial", "Coral", "DomainAlignment", "TowerSettings"]
