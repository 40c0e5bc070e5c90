"""Which edges a fit saw."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from embedding_features.graph.hetero_graph import Graph

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def edge_summary(
    graph: Graph, relations: Sequence[str]
) -> dict[str, tuple[int, datetime | None, datetime | None]]:
    """Relation → (edges, earliest time, latest time); times None where the relation has none."""
    summary: dict[str, tuple[int, datetime | None, datetime | None]] = {}
    for name in relations:
        csr = graph.relation(name).forward
        if csr.time is None or csr.edges == 0:
            summary[name] = (csr.edges, None, None)
        else:
            first, last = (_EPOCH + timedelta(microseconds=int(t)) for t in (csr.time.min(), csr.time.max()))
            summary[name] = (csr.edges, first, last)
    return summary
