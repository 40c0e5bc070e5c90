"""Skip-gram with negative sampling, trained from walks as they are drawn."""

from embedding_features.solvers.sgns.of_walks import SkipGramOfWalks
from embedding_features.solvers.sgns.solver import SGNS
from embedding_features.solvers.sgns.start import SkipGram

__all__ = ["SGNS", "SkipGram", "SkipGramOfWalks"]
