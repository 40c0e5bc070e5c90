"""Public data sets and the planted world."""

from embedding_features.datasets.card import DatasetCard, read_card
from embedding_features.datasets.ml100k import get_ml100k

__all__ = ["DatasetCard", "get_ml100k", "read_card"]
