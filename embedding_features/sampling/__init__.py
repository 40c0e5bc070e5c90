"""Samplers draw the positive and negative examples that a trained method learns from."""

from embedding_features.sampling.base import Examples, Sampler
from embedding_features.sampling.hard_pairs import HardPairs
from embedding_features.sampling.in_batch import InBatchPairs
from embedding_features.sampling.item_neighbours import ItemNeighbours
from embedding_features.sampling.negatives import Negatives, Popularity, Uniform
from embedding_features.sampling.pairs import Pairs
from embedding_features.sampling.queries import Queries
from embedding_features.sampling.rows import Rows
from embedding_features.sampling.shared_negatives import SharedNegatives
from embedding_features.sampling.triples import Triples

__all__ = [
    "Examples",
    "HardPairs",
    "InBatchPairs",
    "ItemNeighbours",
    "Negatives",
    "Pairs",
    "Popularity",
    "Queries",
    "Rows",
    "Sampler",
    "SharedNegatives",
    "Triples",
    "Uniform",
]
