"""Domain alignment of torch rankers: MMD, CORAL, domain-adversarial; shared and private towers; weights."""

from ranking.models.alignment.settings import MMD, Adversarial, Coral, DomainAlignment, TowerSettings

__all__ = ["MMD", "Adversarial", "Coral", "DomainAlignment", "TowerSettings"]
