"""Search for a method's settings on a validation split: pruned, and resumed after a kill."""

from embedding_features.tuning.result import Trial, Tuned
from embedding_features.tuning.search import tune
from embedding_features.tuning.settings import Tuning

__all__ = ["Trial", "Tuned", "Tuning", "tune"]
