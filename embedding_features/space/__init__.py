"""Spaces: alignment to the last snapshot, and the health gate."""

from embedding_features.space.align import AlignmentConfig, Placement, align, next_space, place
from embedding_features.space.health import Check, HealthConfig, HealthReport, check_health

__all__ = [
    "AlignmentConfig",
    "Check",
    "HealthConfig",
    "HealthReport",
    "Placement",
    "align",
    "check_health",
    "next_space",
    "place",
]
