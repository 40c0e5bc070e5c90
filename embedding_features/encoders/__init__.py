"""Encoders: networks that turn a graph and parameters into vectors, each an nn.Module in its own file."""

from embedding_features.encoders.adjacency_buffers import AdjacencyBuffers
from embedding_features.encoders.base import Encoded, Encoder, Messages, Network
from embedding_features.encoders.contrasted_propagation import (
    ContrastedPropagation,
    ContrastedPropagationNetwork,
)
from embedding_features.encoders.importance_pooling import ImportancePooling, ImportancePoolingNetwork
from embedding_features.encoders.light_propagation import LightPropagation, LightPropagationNetwork
from embedding_features.encoders.lookup import Lookup, LookupNetwork
from embedding_features.encoders.neural_factorization import (
    NeuralFactorization,
    NeuralFactorizationNetwork,
)
from embedding_features.encoders.ngcf import NGCF, NGCFNetwork
from embedding_features.encoders.nia import NIA, NIANetwork
from embedding_features.encoders.pairwise import EncodedPairs, PairwiseNetwork
from embedding_features.encoders.variational_autoencoder import (
    EncodedByLatent,
    VariationalAutoencoder,
    VariationalAutoencoderNetwork,
)

__all__ = [
    "NGCF",
    "NIA",
    "AdjacencyBuffers",
    "ContrastedPropagation",
    "ContrastedPropagationNetwork",
    "Encoded",
    "EncodedByLatent",
    "EncodedPairs",
    "Encoder",
    "ImportancePooling",
    "ImportancePoolingNetwork",
    "LightPropagation",
    "LightPropagationNetwork",
    "Lookup",
    "LookupNetwork",
    "Messages",
    "NGCFNetwork",
    "NIANetwork",
    "Network",
    "NeuralFactorization",
    "NeuralFactorizationNetwork",
    "PairwiseNetwork",
    "VariationalAutoencoder",
    "VariationalAutoencoderNetwork",
]
