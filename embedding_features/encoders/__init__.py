"""Encoders: networks that turn a graph and parameters into vectors, each an nn.Module in its own file."""

from embedding_features.encoders.adjacency_buffers import AdjacencyBuffers
from embedding_features.encoders.base import Encoded, Encoder, Messages, Network
from embedding_features.encoders.contrasted_propagation import (
    ContrastedPropagation,
    ContrastedPropagationNetwork,
)
from embedding_features.encoders.light_propagation import LightPropagation, LightPropagationNetwork
from embedding_features.encoders.lookup import Lookup, LookupNetwork
from embedding_features.encoders.ngcf import NGCF, NGCFNetwork
from embedding_features.encoders.nia import NIA, NIANetwork

__all__ = [
    "NGCF",
    "NIA",
    "AdjacencyBuffers",
    "ContrastedPropagation",
    "ContrastedPropagationNetwork",
    "Encoded",
    "Encoder",
    "LightPropagation",
    "LightPropagationNetwork",
    "Lookup",
    "LookupNetwork",
    "Messages",
    "NGCFNetwork",
    "NIANetwork",
    "Network",
]
