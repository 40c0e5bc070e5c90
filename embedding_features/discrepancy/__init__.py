"""Losses that measure how far two samples are apart, to align domains with."""

from embedding_features.discrepancy.coral import coral
from embedding_features.discrepancy.kernels import RBFMixture
from embedding_features.discrepancy.mmd import mmd2_biased, mmd2_linear, mmd2_unbiased

__all__ = ["RBFMixture", "coral", "mmd2_biased", "mmd2_linear", "mmd2_unbiased"]
