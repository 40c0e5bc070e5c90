"""Graphs as of a moment: schema, vocabulary, build, typed CSR, views."""

from embedding_features.graph.csr import CSR
from embedding_features.graph.hetero_graph import Graph, Relation
from embedding_features.graph.schema import GraphSchema
from embedding_features.graph.vocabulary import Vocabulary

__all__ = ["CSR", "Graph", "GraphSchema", "Relation", "Vocabulary"]
