"""Encoders: networks that turn a graph and parameters into vectors, each an nn.Module in its own file."""

from embedding_features.encoders.adjacency_buffers import AdjacencyBuffers
from embedding_features.encoders.base import Encoded, Encoder, Messages, Network
from embedding_features.encoders.contrasted_propagation import (
    ContrastedPropagation,
    ContrastedPropagationNetwork,
)
from embedding_features.encoders.dgi import DGI, DGINetwork
from embedding_features.encoders.gat import GAT, GATNetwork
from embedding_features.encoders.gcn import GCN, GCNNetwork
from embedding_features.encoders.history_network import HistoryNetwork
from embedding_features.encoders.importance_pooling import ImportancePooling, ImportancePoolingNetwork
from embedding_features.encoders.inductive import InductiveEncoder, InductiveNetwork
from embedding_features.encoders.light_propagation import LightPropagation, LightPropagationNetwork
from embedding_features.encoders.lookup import Lookup, LookupNetwork
from embedding_features.encoders.neural_factorization import (
    NeuralFactorization,
    NeuralFactorizationNetwork,
)
from embedding_features.encoders.ngcf import NGCF, NGCFNetwork
from embedding_features.encoders.nia import NIA, NIANetwork
from embedding_features.encoders.pairwise import EncodedPairs, PairwiseNetwork
from embedding_features.encoders.r_gcn import RGCN, RGCNNetwork
from embedding_features.encoders.sage import GraphSAGE, GraphSAGENetwork
from embedding_features.encoders.self_attention import SelfAttention, SelfAttentionNetwork
from embedding_features.encoders.served_nodes import ServedNodes
from embedding_features.encoders.sign import SIGN, SIGNNetwork
from embedding_features.encoders.two_towers import TwoTowers, TwoTowersNetwork
from embedding_features.encoders.variational_autoencoder import (
    EncodedByLatent,
    VariationalAutoencoder,
    VariationalAutoencoderNetwork,
)

__all__ = [
    "DGI",
    "GAT",
    "GCN",
    "NGCF",
    "NIA",
    "RGCN",
    "SIGN",
    "AdjacencyBuffers",
    "ContrastedPropagation",
    "ContrastedPropagationNetwork",
    "DGINetwork",
    "Encoded",
    "EncodedByLatent",
    "EncodedPairs",
    "Encoder",
    "GATNetwork",
    "GCNNetwork",
    "GraphSAGE",
    "GraphSAGENetwork",
    "HistoryNetwork",
    "ImportancePooling",
    "ImportancePoolingNetwork",
    "InductiveEncoder",
    "InductiveNetwork",
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
    "RGCNNetwork",
    "SIGNNetwork",
    "SelfAttention",
    "SelfAttentionNetwork",
    "ServedNodes",
    "TwoTowers",
    "TwoTowersNetwork",
    "VariationalAutoencoder",
    "VariationalAutoencoderNetwork",
]
