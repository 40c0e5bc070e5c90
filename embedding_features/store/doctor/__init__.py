"""Finds what is wrong in a deployed repository, and mends what can be mended without losing anything."""

from embedding_features.store.doctor.examine import Report, examine
from embedding_features.store.doctor.findings import Finding

__all__ = ["Finding", "Report", "examine"]
