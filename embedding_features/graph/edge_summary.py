"""Summaries of a graph's edges, as a manifest records them."""

from collections.abc import Mapping
from datetime import datetime

from embedding_features.graph.csr import CSR
from embedding_features.graph.graph import Graph
from embedding_features.sources.moment import from_microseconds

#: relation → (edges, earliest time, latest time); times None for a relation without time or edges
EdgeSummary = Mapping[str, tuple[int, datetime | None, datetime | None]]


def edge_summary(graph: Graph) -> dict[str, tuple[int, datetime | None, datetime | None]]:
    """Return relation → (edges, earliest time, latest time); times are None without time or edges."""
    return {name: _summary(relation.forward) for name, relation in graph.relations.items()}


def _summary(csr: CSR) -> tuple[int, datetime | None, datetime | None]:
    if csr.time is None or not csr.edges:
        return csr.edges, None, None
    return csr.edges, from_microseconds(csr.time.min()), from_microseconds(csr.time.max())
