"""Inductive networks: labels and pairs of nodes whose vectors are made from features and neighbours."""

from benchmarks.catalogue.rows import Row

INDUCTIVE: tuple[Row, ...] = ()
