"""Approximate search, which proposes candidates that are then scored exactly."""

from typing import Any

import numpy as np

from embedding_features.arrays import F32, I64
from embedding_features.recall.exact.exact import ScannedVectors
from embedding_features.recall.filters import Eligible
from embedding_features.recall.hnsw.graph import HNSWGraph, faiss
from embedding_features.recall.settings import HNSW, IVFPQ, RecallSettings

#: rows that an exact scan compares while a walk is widened by one, at 32 links
_ROWS_PER_STEP = 700
#: A search by inner product finds little beyond the best: where denials make it want more than this share of
#: its breadth, all is compared.
DOT_DEPTH = 0.5
#: below this share of the rows open to a query, their exact scan is as fast as visiting the more lists
_SCAN_SHARE = 0.25


def propose(
    ann_index: Any,
    settings: RecallSettings,
    vectors: ScannedVectors,
    queries: F32,
    wanted: int,
    eligible: Eligible,
) -> I64 | None:
    """Propose candidates for each query among the rows that are open to all.

    Args:
        ann_index: the graph, or the faiss index.
        settings: how it is searched.
        vectors: of all rows.
        queries: [q, d] as the metric compares them.
        wanted: candidates needed for each query, those denied to it included.
        eligible: the rows that queries may find.

    Returns:
        [q, c] rows, -1 for none; None where exact search is cheaper.
    """
    if isinstance(settings, HNSW):
        return _by_graph(ann_index, settings, vectors, queries, wanted, eligible)
    if isinstance(settings, IVFPQ):
        return _by_lists(ann_index, settings, queries, wanted, eligible)
    return None


def _by_graph(
    graph: HNSWGraph, settings: HNSW, vectors: ScannedVectors, queries: F32, wanted: int, eligible: Eligible
) -> I64 | None:
    """Walk the graph; see :func:`propose`."""
    share = eligible.count / len(vectors.values)
    # Of the nodes a walk meets only the open ones are kept: it must be the wider, the fewer they are.
    breadth = int(max(settings.ef_search, wanted) / max(share, 1e-9))
    denied = bool(eligible.denied.counts.any())
    deep = vectors.metric == "dot" and denied and wanted > settings.ef_search * DOT_DEPTH
    if deep or (breadth > settings.ef_search and breadth * _ROWS_PER_STEP > eligible.count):
        return None
    found = graph.near(queries, vectors.bias, breadth)
    if eligible.rows is not None:
        found[~eligible.mask(len(vectors.values))[found]] = -1  # where there is none, there is none still
    else:
        found[(found < eligible.start) | (found >= eligible.stop)] = -1
    return found


def _by_lists(index: Any, settings: IVFPQ, queries: F32, wanted: int, eligible: Eligible) -> I64 | None:
    """Visit the inverted lists nearest to each query; see :func:`propose`."""
    size, count = index.ntotal, wanted * settings.rerank
    share = eligible.count / size
    if share < _SCAN_SHARE or count * 4 > eligible.count:
        return None
    selector = None if share == 1 else _selector(eligible, size)
    probes = min(int(settings.probes / share), index.nlist)
    found: I64 = index.search(queries, count, params=faiss.SearchParametersIVF(nprobe=probes, sel=selector))[
        1
    ]
    return found


def _selector(eligible: Eligible, size: int) -> Any:
    """Return faiss's form of the rows that are open to all queries."""
    if eligible.rows is None:
        return faiss.IDSelectorRange(eligible.start, eligible.stop)
    return faiss.IDSelectorBitmap(np.packbits(eligible.mask(size), bitorder="little"))
