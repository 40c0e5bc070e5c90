"""Encoders: networks that turn a graph and parameters into vectors, each an nn.Module in its own file."""

from embedding_features.encoders.base import BipartiteEncoder, Encoder
from embedding_features.encoders.light_propagation import LightPropagation, LightPropagationEncoder
from embedding_features.encoders.lookup import Lookup, LookupEncoder

__all__ = [
    "BipartiteEncoder",
    "Encoder",
    "LightPropagation",
    "LightPropagationEncoder",
    "Lookup",
    "LookupEncoder",
]
