"""Approximate search by faiss: it proposes candidates, which are then scored exactly."""

from typing import Any

import numpy as np

from embedding_features.arrays import F32, I64
from embedding_features.artifact import Metric
from embedding_features.recall.filters import Eligible
from embedding_features.recall.settings import HNSW, IVFPQ, RecallSettings
from embedding_features.recall.train import faiss

#: rows that an exact scan compares while HNSW widens its search by one: 740 at 16 links, 1,340 at 32
_ROWS_PER_STEP = 1000
#: A search by inner product finds little beyond the best: where denials make it want more than this share of
#: its breadth, all is compared.
DOT_DEPTH = 0.5
#: below this share of the rows open to a query, their exact scan is as fast as visiting the more lists
_SCAN_SHARE = 0.25


def propose(
    index: Any, settings: RecallSettings, metric: Metric, queries: F32, wanted: int, eligible: Eligible
) -> I64 | None:
    """[q, c] rows near each query among those open to all, -1 for none; None where exact search is cheaper.

    Args:
        wanted: candidates needed for each query, those denied to it included.
    """
    size = index.ntotal
    share = eligible.count / size
    selector = None if share == 1 else _selector(eligible, size)
    if isinstance(settings, HNSW):
        # Of the nodes a search meets only the open ones are kept: it must be the wider, the fewer they are.
        breadth = int(max(settings.ef_search, wanted) / max(share, 1e-9))
        denied = bool(eligible.denied.counts.any())
        deep = metric == "dot" and denied and wanted > settings.ef_search * DOT_DEPTH
        if deep or (breadth > settings.ef_search and breadth * _ROWS_PER_STEP > eligible.count):
            return None
        parameters, count = faiss.SearchParametersHNSW(efSearch=breadth, sel=selector), wanted
    elif isinstance(settings, IVFPQ):
        count = wanted * settings.rerank
        if share < _SCAN_SHARE or count * 4 > eligible.count:
            return None
        probes = min(int(settings.probes / share), index.nlist)
        parameters = faiss.SearchParametersIVF(nprobe=probes, sel=selector)
    else:
        return None
    _, rows = index.search(queries, count, params=parameters)
    found: I64 = rows
    return found


def _selector(eligible: Eligible, size: int) -> Any:
    if eligible.rows is None:
        return faiss.IDSelectorRange(eligible.start, eligible.stop)
    mask = np.zeros(size, np.bool_)
    mask[eligible.rows] = True
    return faiss.IDSelectorBitmap(np.packbits(mask, bitorder="little"))
