"""Scorers, which turn the vectors of two nodes, and a relation, into the score of an edge."""

from embedding_features.scorers.base import Compare, Scorer
from embedding_features.scorers.complex import ComplEx
from embedding_features.scorers.diagonal import DistMult
from embedding_features.scorers.metric import ScorerMetric
from embedding_features.scorers.plain import Cosine, Dot
from embedding_features.scorers.relations import RelationCompare, RelationScorer
from embedding_features.scorers.rotation import RotatE
from embedding_features.scorers.translation import TransE

__all__ = [
    "Compare",
    "ComplEx",
    "Cosine",
    "DistMult",
    "Dot",
    "RelationCompare",
    "RelationScorer",
    "RotatE",
    "Scorer",
    "ScorerMetric",
    "TransE",
]
