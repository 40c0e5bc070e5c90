"""Vectors by sampled edges: LINE on one node type, PTE on several bipartite networks."""

from embedding_features.solvers.line.line import LINE
from embedding_features.solvers.line.pte import PTE, BipartiteNetwork

__all__ = ["LINE", "PTE", "BipartiteNetwork"]
