"""Retrieval by histories and towers: what comes next, found among all items."""

from benchmarks.catalogue.rows import Row

RETRIEVAL: tuple[Row, ...] = ()
