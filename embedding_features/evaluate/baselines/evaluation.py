"""Evaluation of baselines over the whole catalogue, as of vectors."""

import numpy as np

from embedding_features.arrays import I64
from embedding_features.errors import DataError
from embedding_features.evaluate.baselines.base import Fitted
from embedding_features.evaluate.metrics import Retrieval, mark_wanted, mean_metrics
from embedding_features.evaluate.top_k import top_k
from embedding_features.graph.csr import CSR
from embedding_features.graph.graph import Graph
from embedding_features.graph.view import View
from embedding_features.progress import SILENT, Progress

#: scores held at once: 16 M float32, 64 MB
_BLOCK_SCORES = 1 << 24


def known_pairs(graph: Graph, relation: str | None = None) -> CSR:
    """Return [sources, destinations] the pairs that a baseline is fitted to, each once.

    Raises:
        GraphError: when there is no such relation, it is empty, or has weights not above 0.
    """
    return View.of(relation, nodes="all", weights="one").build(graph).matrix().forward


def evaluate_baseline(
    fitted: Fitted,
    graph: Graph,
    src: I64,
    dst: I64,
    *,
    relation: str | None = None,
    k: int = 20,
    progress: Progress = SILENT,
) -> Retrieval:
    """Measure how well a baseline finds held-out pairs among those that ``graph`` lacks.

    Users, ranks and figures are those of :func:`.evaluate_embeddings`; scores are computed in blocks.

    Args:
        fitted: a baseline, fitted to :func:`known_pairs` of the graph.
        graph: without the pairs to find.
        src: [pairs] source vocabulary rows of the pairs to find.
        dst: [pairs] destination vocabulary rows.
        relation: name of the relation; None for the graph's only one.
        k: cut-off of the metrics.
        progress: where each block is reported.

    Raises:
        DataError: when nothing is to be found, or k < 1.
    """
    seen = graph.relation(relation).forward
    if k < 1 or len(src) == 0:
        raise DataError(f"{len(src)} pairs to find at k = {k}", fix="hold out pairs, and take k of 1 or more")
    pairs = np.unique(np.asarray(src, np.int64) * seen.columns + dst)
    wanted = CSR.from_edges(pairs // seen.columns, pairs % seen.columns, (seen.rows, seen.columns))
    rows = np.flatnonzero(wanted.degrees)
    block = max(1, _BLOCK_SCORES // seen.columns)
    hits = np.zeros((len(rows), k), np.bool_)
    with progress.task("evaluate", len(rows)) as advance:
        for start in range(0, len(rows), block):
            some = rows[start : start + block]
            scores = np.ascontiguousarray(fitted.scores(some))
            best, _ = top_k(scores, k, some, seen.indptr, seen.indices)
            hits[start : start + block] = mark_wanted(wanted, some, best.astype(np.int64))
            advance(len(some))
    return mean_metrics(hits, wanted.degrees[rows], k)
