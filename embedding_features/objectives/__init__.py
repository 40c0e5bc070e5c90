"""Objectives are the losses that trained methods minimise."""

from embedding_features.objectives.base import Objective, PairVectors
from embedding_features.objectives.bpr import BPR

__all__ = ["BPR", "Objective", "PairVectors"]
