"""Evaluation of retrieval over the whole catalogue."""

import numpy as np

from embedding_features.arrays import F32, I64, Bool
from embedding_features.artifact.embeddings import RELATION, Embeddings
from embedding_features.artifact.metric import Metric
from embedding_features.errors import DataError
from embedding_features.evaluate.comparable import comparable
from embedding_features.evaluate.metrics import Retrieval, mark_wanted, mean_metrics
from embedding_features.evaluate.top_k import top_k
from embedding_features.graph.csr import CSR
from embedding_features.graph.graph import Graph
from embedding_features.progress import SILENT, Progress

#: scores held at once: 16 M float32, 64 MB
_BLOCK_SCORES = 1 << 24


def evaluate_vectors(
    users: F32,
    items: F32,
    wanted: CSR,
    seen: CSR,
    *,
    k: int = 20,
    metric: Metric = "dot",
    asking: Bool | None = None,
    candidates: Bool | None = None,
    progress: Progress = SILENT,
) -> Retrieval:
    """Rank all items for every user who has some to find, and measure how many are among the first k.

    Scores are computed in blocks: users × items is never held whole.

    Args:
        users: [m, d] float32.
        items: [n, d] float32.
        wanted: [m, n] each user's items to find, each once.
        seen: [m, n] each user's items that are not to be recommended again.
        k: cut-off of the metrics.
        metric: how vectors are compared; that of the snapshot's manifest.
        asking: [m] users who may find something; None for all.
        candidates: [n] items that may be recommended; None for all.
        progress: where each block is reported.

    Raises:
        DataError: when shapes do not fit, vectors are not finite, k < 1, or nobody wants anything.

    Example:
        >>> users, items = np.eye(2, dtype=np.float32), np.eye(2, dtype=np.float32)
        >>> wanted = CSR.from_edges(np.array([0, 1]), np.array([0, 0]), shape=(2, 2))
        >>> seen = CSR.from_edges(np.array([], int), np.array([], int), shape=(2, 2))
        >>> evaluate_vectors(users, items, wanted, seen, k=1).recall  # user 0 finds item 0, user 1 does not
        0.5
    """
    _check(users, items, wanted, seen, k)
    rows = np.flatnonzero(wanted.degrees)
    left, right = comparable(users, items, metric)
    block = max(1, _BLOCK_SCORES // len(items))
    hits = np.zeros((len(rows), k), np.bool_)
    with progress.task("evaluate", len(rows)) as advance:
        for start in range(0, len(rows), block):
            some = rows[start : start + block]
            scores = left[some] @ right.T
            if candidates is not None:
                scores[:, ~candidates] = -np.inf
            if asking is not None:
                scores[~asking[some]] = -np.inf
            best, _ = top_k(scores, k, some, seen.indptr, seen.indices)
            hits[start : start + block] = mark_wanted(wanted, some, best.astype(np.int64))
            advance(len(some))
    return mean_metrics(hits, wanted.degrees[rows], k)


def evaluate_embeddings(
    embeddings: Embeddings,
    graph: Graph,
    src: I64,
    dst: I64,
    *,
    relation: str | None = None,
    k: int = 20,
    progress: Progress = SILENT,
) -> Retrieval:
    """Measure how well ``embeddings`` find held-out pairs among those that ``graph`` lacks.

    A user without a vector finds nothing; an item without one is never recommended: both count as misses.
    Where there are vectors of relations, the users' queries by this relation are compared with the items.

    Args:
        embeddings: vectors of the relation's two node types.
        graph: the graph they were learned from, without the pairs to find.
        src: [pairs] source vocabulary rows of the pairs to find.
        dst: [pairs] destination vocabulary rows.
        relation: name of the relation; None for the graph's only one.
        k: cut-off of the metrics.
        progress: where each block is reported.

    Raises:
        DataError: when a table, or the vector of the relation, is missing, or nothing is to be found.
    """
    known = graph.relation(relation)
    shape = (known.forward.rows, known.forward.columns)
    users, asking = _vectors_by_row(embeddings, known.src, graph)
    if RELATION in embeddings.tables:
        from embedding_features.evaluate.relation_queries import relation_queries  # brings torch

        users = relation_queries(embeddings, known.name, users)
    items, candidates = _vectors_by_row(embeddings, known.dst, graph)
    pairs = np.unique(np.asarray(src, np.int64) * shape[1] + dst)
    return evaluate_vectors(
        users,
        items,
        CSR.from_edges(pairs // shape[1], pairs % shape[1], shape),
        known.forward,
        k=k,
        metric=embeddings.provenance.metric,
        asking=asking,
        candidates=candidates,
        progress=progress,
    )


def _check(users: F32, items: F32, wanted: CSR, seen: CSR, k: int) -> None:
    """Check the arguments of :func:`evaluate_vectors`, which says what is refused."""
    shape = (len(users), len(items))
    if users.ndim != 2 or items.ndim != 2 or users.shape[1] != items.shape[1]:
        raise DataError(f"user vectors {users.shape} and item vectors {items.shape} do not compare")
    for name, csr in (("wanted", wanted), ("seen", seen)):
        if (csr.rows, csr.columns) != shape:
            found = f"{csr.rows} × {csr.columns}"
            raise DataError(f"{name} is {found}, the vectors are for {shape[0]} × {shape[1]}")
    if k < 1:
        raise DataError(f"k = {k} is not at least 1")
    if wanted.edges == 0:
        raise DataError("no pairs to find", fix="hold out a larger part of the relation")
    for name, vectors in (("user", users), ("item", items)):
        if not np.isfinite(vectors).all():
            raise DataError(f"{name} vectors hold NaN or infinity", fix="run the health gate on them")


def _vectors_by_row(embeddings: Embeddings, node_type: str, graph: Graph) -> tuple[F32, Bool]:
    """Return [nodes, dim] vectors by vocabulary row, zero where there is none, and [nodes] where one is."""
    if node_type not in embeddings.tables:
        raise DataError(f"no {node_type!r} vectors, only {sorted(embeddings.tables)}")
    table = embeddings.tables[node_type]
    rows = graph.vocabularies[node_type].encode(table.ids)
    if (rows < 0).any():
        raise DataError(f"{int((rows < 0).sum())} {node_type} ids are unknown to the graph")
    size = len(graph.vocabularies[node_type])
    vectors = np.zeros((size, table.dim), np.float32)
    vectors[rows] = table.vectors
    present = np.zeros(size, np.bool_)
    present[rows] = True
    return vectors, present
