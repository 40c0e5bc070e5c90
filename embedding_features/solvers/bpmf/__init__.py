"""Bayesian probabilistic matrix factorization of signed pairs by Gibbs sampling."""

from embedding_features.solvers.bpmf.solver import BPMF

__all__ = ["BPMF"]
