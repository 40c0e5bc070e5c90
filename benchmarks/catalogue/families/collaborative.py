"""Collaborative filtering: held-out pairs found among all that a user lacks."""

from benchmarks.catalogue.rows import Row

COLLABORATIVE: tuple[Row, ...] = ()
