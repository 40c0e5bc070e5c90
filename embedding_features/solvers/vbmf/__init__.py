"""Variational matrix factorization: posteriors of both sides' vectors, biases among them."""

from embedding_features.solvers.vbmf.solver import VBMF

__all__ = ["VBMF"]
