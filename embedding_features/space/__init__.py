"""Spaces of vectors: alignment to the last snapshot, drift from an earlier one, and the health gate."""

from embedding_features.space.align import AlignmentConfig, align
from embedding_features.space.fresh_records import fresh_records
from embedding_features.space.health import HealthConfig, check_health
from embedding_features.space.health_report import Check, HealthReport
from embedding_features.space.placement import Placement, next_space, place

__all__ = [
    "AlignmentConfig",
    "Check",
    "HealthConfig",
    "HealthReport",
    "Placement",
    "align",
    "check_health",
    "fresh_records",
    "next_space",
    "place",
]
