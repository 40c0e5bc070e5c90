"""Training of relation operators on triples, by products of matrices on the CPU."""

from embedding_features.solvers.kge.one_vs_all import OneVsAll, OneVsAllRun

__all__ = ["OneVsAll", "OneVsAllRun"]
