"""Samplers draw the positive and negative pairs that a trained method learns from."""

from embedding_features.sampling.base import PairBatch, Sampler
from embedding_features.sampling.negatives import Negatives, Popularity, Uniform
from embedding_features.sampling.pairs import Pairs

__all__ = ["Negatives", "PairBatch", "Pairs", "Popularity", "Sampler", "Uniform"]
