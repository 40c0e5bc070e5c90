"""Samplers draw the positive and negative examples that a trained method learns from."""

from embedding_features.sampling.base import Examples, Histories, Sampler
from embedding_features.sampling.future_items import FutureItems
from embedding_features.sampling.hard_pairs import HardPairs
from embedding_features.sampling.in_batch import InBatchPairs
from embedding_features.sampling.item_neighbours import ItemNeighbours
from embedding_features.sampling.labelled import Labelled
from embedding_features.sampling.negatives import Negatives, Popularity, Uniform
from embedding_features.sampling.next_items import NextItems
from embedding_features.sampling.nodes import Nodes
from embedding_features.sampling.pairs import Pairs
from embedding_features.sampling.queries import Queries
from embedding_features.sampling.rows import Rows
from embedding_features.sampling.shared_negatives import SharedNegatives
from embedding_features.sampling.triples import Triples
from embedding_features.sampling.walk_pairs import WalkPairs

__all__ = [
    "Examples",
    "FutureItems",
    "HardPairs",
    "Histories",
    "InBatchPairs",
    "ItemNeighbours",
    "Labelled",
    "Negatives",
    "NextItems",
    "Nodes",
    "Pairs",
    "Popularity",
    "Queries",
    "Rows",
    "Sampler",
    "SharedNegatives",
    "Triples",
    "Uniform",
    "WalkPairs",
]
