"""Random walks draw node sequences from a graph's rows; each is a function of seed, start and its number."""

from embedding_features.walks.base import Walker, Walks
from embedding_features.walks.biased import BiasedWalks
from embedding_features.walks.histories import HistoryWalks
from embedding_features.walks.metapath import MetapathWalks
from embedding_features.walks.temporal import TemporalWalks
from embedding_features.walks.uniform import UniformWalks
from embedding_features.walks.visits import VisitCounts, Visits

__all__ = [
    "BiasedWalks",
    "HistoryWalks",
    "MetapathWalks",
    "TemporalWalks",
    "UniformWalks",
    "VisitCounts",
    "Visits",
    "Walker",
    "Walks",
]
