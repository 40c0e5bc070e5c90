"""Building of the graph and of the inverted lists."""

from typing import Any

import numpy as np

from embedding_features.arrays import F32
from embedding_features.artifact import Metric
from embedding_features.errors import ConfigError, DataError
from embedding_features.progress import SILENT, Progress
from embedding_features.recall.hnsw.graph import HNSWGraph, faiss, vectors_in
from embedding_features.recall.settings import HNSW, IVFPQ, RecallSettings

#: By inner product the links are laid with lengths dampened to this power, else nearly all lead to the few
#: longest vectors. Of 0, .3, .6 and 1 it gave the best recall (docs/howto/recall.md).
_TEMPER = 0.6
_BATCH = 10_000
_PQ_BITS = 8


def train(settings: RecallSettings, vectors: F32, metric: Metric, progress: Progress = SILENT) -> Any | None:
    """Build the graph or the faiss index of vectors.

    Args:
        settings: the kind of index.
        vectors: [n, d] float32, as the metric compares them.
        metric: of their space.
        progress: where the vectors added are reported.

    Returns:
        An :class:`.HNSWGraph` or a faiss index; None for exact search, which needs neither.

    Raises:
        ConfigError: when ``codes`` does not divide the dimension.
        DataError: when there are too few vectors to learn from.
    """
    by = faiss.METRIC_L2 if metric == "l2" else faiss.METRIC_INNER_PRODUCT
    if isinstance(settings, HNSW):
        index = faiss.IndexHNSWFlat(vectors.shape[1], settings.links, by)
        index.hnsw.efConstruction = settings.ef_construction
    elif isinstance(settings, IVFPQ):
        index = _inverted_lists(settings, vectors, metric, by)
    else:
        return None
    tempered = metric == "dot" and isinstance(settings, HNSW)
    with progress.task("recall index", len(vectors)) as advance:
        for start in range(0, len(vectors), _BATCH):
            batch = vectors[start : start + _BATCH]
            index.add(_tempered(batch) if tempered else batch)
            advance(len(batch))
    if isinstance(settings, HNSW):
        vectors_in(index)[:] = vectors
        return HNSWGraph.over(index, metric)
    if metric == "dot":
        _probe_by_inner_product(index)
    return index


def _tempered(vectors: F32) -> F32:
    """Return [n, d] vectors with their lengths raised to the power ``_TEMPER``."""
    length = np.linalg.norm(vectors, axis=1, keepdims=True)
    scale = np.power(length, _TEMPER - 1, out=np.zeros_like(length), where=length > 0)
    return np.ascontiguousarray(vectors * scale, np.float32)


def _inverted_lists(settings: IVFPQ, vectors: F32, metric: Metric, by: int) -> Any:
    """Return a trained IVF-PQ index without vectors; ``by`` is faiss's number of the metric."""
    count, dim = vectors.shape
    if dim % settings.codes:
        raise ConfigError(
            f"codes = {settings.codes} does not divide the dimension {dim}", fix="use a divisor"
        )
    lists = settings.lists or max(1, int(4 * count**0.5))
    needed = max(lists, 2**_PQ_BITS)
    if count < needed:
        raise DataError(f"{count} vectors are too few for IVF-PQ, which needs {needed}", fix="use Exact")
    quantizer = (faiss.IndexFlatIP if metric == "cosine" else faiss.IndexFlatL2)(dim)
    index = faiss.IndexIVFPQ(quantizer, dim, lists, settings.codes, _PQ_BITS, by)
    index.cp.spherical = metric == "cosine"
    for clustering in (index.cp, index.pq.cp):
        clustering.seed = settings.seed
        clustering.min_points_per_centroid = 1  # no warning: few vectors are the caller's choice
    index.train(vectors)
    return index


def _probe_by_inner_product(index: Any) -> None:
    """Visit the lists whose centroids have the greatest product with the query, though distance made them.

    Lists made by inner product (faiss's way) are of directions alone: what is left of short vectors is longer
    than they are, and the long ones that queries want lie anywhere.
    """
    centroids = faiss.IndexFlatIP(index.d)
    centroids.add(index.quantizer.reconstruct_n(0, index.nlist))
    index.quantizer = centroids
    centroids.this.disown()
    index.own_fields = True
