"""Approximate search by faiss: it proposes candidates, which are then scored exactly."""

from typing import Any

import faiss as typed_faiss
import numpy as np

from embedding_features.arrays import F32, I64
from embedding_features.artifact import Metric
from embedding_features.errors import ConfigError, DataError
from embedding_features.progress import SILENT, Progress
from embedding_features.recall.filters import Eligible
from embedding_features.recall.settings import HNSW, IVFPQ, RecallSettings

#: its type stubs lack the search parameters
faiss: Any = typed_faiss

#: rows that an exact scan compares while HNSW widens its search by one (measured: within 2 × of it)
_ROWS_PER_STEP = 500
#: By inner product the links are laid with lengths dampened to this power, else nearly all lead to the few
#: longest vectors. Of 0, .3, .6 and 1 it gave the best recall (docs/howto/recall.md).
_TEMPER = 0.6
#: Even so a search by inner product finds little beyond the best: where denials make it want more than this
#: share of its breadth, all is compared.
DOT_DEPTH = 0.5
#: below this share of the rows open to a query, their exact scan is as fast as visiting the more lists
_SCAN_SHARE = 0.25
_BATCH = 10_000
_PQ_BITS = 8


def train(settings: RecallSettings, vectors: F32, metric: Metric, progress: Progress = SILENT) -> Any | None:
    """The faiss index of [n, d] vectors; None for exact search, which needs none.

    Raises:
        ConfigError: when ``codes`` does not divide the dimension.
        DataError: when there are too few vectors to learn from.
    """
    by = faiss.METRIC_L2 if metric == "l2" else faiss.METRIC_INNER_PRODUCT
    if isinstance(settings, HNSW):
        index = faiss.IndexHNSWFlat(vectors.shape[1], settings.links, by)
        index.hnsw.efConstruction = settings.ef_construction
    elif isinstance(settings, IVFPQ):
        index = _inverted_lists(settings, vectors, by)
    else:
        return None
    tempered = metric == "dot" and isinstance(settings, HNSW)
    with progress.task("recall index", len(vectors)) as advance:
        for start in range(0, len(vectors), _BATCH):
            batch = vectors[start : start + _BATCH]
            index.add(_tempered(batch) if tempered else batch)
            advance(len(batch))
    if tempered:
        _held(index)[:] = vectors
    return index


def _tempered(vectors: F32) -> F32:
    """[n, d] vectors with their lengths to the power ``_TEMPER``."""
    length = np.linalg.norm(vectors, axis=1, keepdims=True)
    scale = np.power(length, _TEMPER - 1, out=np.zeros_like(length), where=length > 0)
    return np.ascontiguousarray(vectors * scale, np.float32)


def _held(index: Any) -> F32:
    """[n, d] view into the vectors of an HNSW index, valid while it lives."""
    flat: F32 = faiss.rev_swig_ptr(faiss.downcast_index(index.storage).get_xb(), index.ntotal * index.d)
    return flat.reshape(index.ntotal, index.d)


def _inverted_lists(settings: IVFPQ, vectors: F32, by: int) -> Any:
    count, dim = vectors.shape
    if dim % settings.codes:
        raise ConfigError(
            f"codes = {settings.codes} does not divide the dimension {dim}", fix="use a divisor"
        )
    lists = settings.lists or max(1, int(4 * count**0.5))
    needed = max(lists, 2**_PQ_BITS)
    if count < needed:
        raise DataError(f"{count} vectors are too few for IVF-PQ, which needs {needed}", fix="use Exact")
    quantizer = (faiss.IndexFlatL2 if by == faiss.METRIC_L2 else faiss.IndexFlatIP)(dim)
    index = faiss.IndexIVFPQ(quantizer, dim, lists, settings.codes, _PQ_BITS, by)
    for clustering in (index.cp, index.pq.cp):
        clustering.seed = settings.seed
        clustering.min_points_per_centroid = 1  # no warning: few vectors are the caller's choice
    index.train(vectors)
    return index


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


def own_vectors(index: Any, vectors: F32) -> F32:
    """``vectors``, or where the index holds them in full a read-only view into it, valid while it lives."""
    if not isinstance(index, faiss.IndexHNSWFlat):
        return vectors
    held = _held(index)
    held.flags.writeable = False
    return held
