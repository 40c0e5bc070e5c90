"""Relation operators, which turn the vectors of two nodes and a relation into the score of an edge."""

from embedding_features.scorers.base import Compare, RelationScorer
from embedding_features.scorers.complex import ComplEx
from embedding_features.scorers.diagonal import DistMult
from embedding_features.scorers.metric import RelationMetric
from embedding_features.scorers.rotation import RotatE
from embedding_features.scorers.translation import TransE

__all__ = ["Compare", "ComplEx", "DistMult", "RelationMetric", "RelationScorer", "RotatE", "TransE"]
