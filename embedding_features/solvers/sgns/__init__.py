"""Skip-gram with negative sampling, trained from walks as they are drawn."""

from embedding_features.solvers.sgns.solver import SGNS, SkipGram

__all__ = ["SGNS", "SkipGram"]
