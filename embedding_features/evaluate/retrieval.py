"""Retrieval over the whole catalogue: recall, NDCG, precision and hit rate at K."""

from dataclasses import dataclass

import numpy as np

from embedding_features.arrays import F32, F64, I64, Bool
from embedding_features.artifact.embeddings import Embeddings, EmbeddingTable
from embedding_features.artifact.metric import Metric
from embedding_features.errors import DataError
from embedding_features.evaluate.top_k import top_k
from embedding_features.graph.csr import CSR
from embedding_features.graph.graph import Graph
from embedding_features.progress import SILENT, Progress

#: scores held at once: 16 M float32, 64 MB
_BLOCK_SCORES = 1 << 24


@dataclass(frozen=True)
class Retrieval:
    """Means over the users who have something to find, relevance binary (as LightGCN's authors publish).

    Attributes:
        k: the cut-off.
        users: how many the means are over.
        recall: share of a user's wanted items among the first k.
        ndcg: Σ_{r relevant} 1/log2(r + 1) over ranks r <= k, divided by that of min(k, wanted) hits on top.
        precision: share of the first k that is wanted.
        hit_rate: share of users with at least one wanted item among the first k.
    """

    k: int
    users: int
    recall: float
    ndcg: float
    precision: float
    hit_rate: float


def evaluate_vectors(
    users: F32,
    items: F32,
    wanted: CSR,
    seen: CSR,
    *,
    k: int = 20,
    metric: Metric = "dot",
    candidates: Bool | None = None,
    progress: Progress = SILENT,
) -> Retrieval:
    """Rank all items for every user with wanted ones, the seen ones left out. Blocked: users × items is
    never held whole.

    Args:
        users: [m, d] float32.
        items: [n, d] float32.
        wanted: [m, n] each user's items to find, each once.
        seen: [m, n] each user's items that are not to be recommended again.
        metric: how vectors compare; the manifest's.
        candidates: [n] items that may be recommended; None for all.

    Raises:
        DataError: when shapes do not fit, vectors are not finite, k < 1, or nobody wants anything.
    """
    _check(users, items, wanted, seen, k)
    rows = np.flatnonzero(wanted.degrees)
    left, right = _comparable(users, items, metric)
    block = max(1, _BLOCK_SCORES // len(items))
    hits = np.zeros((len(rows), k), np.bool_)
    with progress.task("evaluate", len(rows)) as advance:
        for start in range(0, len(rows), block):
            some = rows[start : start + block]
            scores = left[some] @ right.T
            if candidates is not None:
                scores[:, ~candidates] = -np.inf
            best, _ = top_k(scores, k, some, seen.indptr, seen.indices)
            hits[start : start + block] = _member(wanted, some, best.astype(np.int64))
            advance(len(some))
    return _summary(hits, wanted.degrees[rows], k)


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
    """How well ``embeddings`` find the pairs (``src``, ``dst``) (vocabulary rows) among what ``graph`` lacks.

    A user without a vector finds nothing; an item without one is never recommended: both count as misses.

    Raises:
        DataError: when a table is missing or nothing is to be found.
    """
    known = graph.relation(relation)
    shape = (known.forward.rows, known.forward.columns)
    users, _ = _expand(embeddings, known.src, graph)
    items, candidates = _expand(embeddings, known.dst, graph)
    pairs = np.unique(np.asarray(src, np.int64) * shape[1] + dst)
    return evaluate_vectors(
        users,
        items,
        CSR.from_edges(pairs // shape[1], pairs % shape[1], shape),
        known.forward,
        k=k,
        metric=embeddings.provenance.metric,
        candidates=candidates,
        progress=progress,
    )


def _check(users: F32, items: F32, wanted: CSR, seen: CSR, k: int) -> None:
    shape = (len(users), len(items))
    if users.ndim != 2 or items.ndim != 2 or users.shape[1] != items.shape[1]:
        raise DataError(f"user vectors {users.shape} and item vectors {items.shape} do not compare")
    for name, csr in (("wanted", wanted), ("seen", seen)):
        if (csr.rows, csr.columns) != shape:
            raise DataError(
                f"{name} is {csr.rows} × {csr.columns}, the vectors are for {shape[0]} × {shape[1]}"
            )
    if k < 1:
        raise DataError(f"k = {k} is not at least 1")
    if wanted.edges == 0:
        raise DataError("no pairs to find", fix="hold out a larger part of the relation")
    for name, vectors in (("user", users), ("item", items)):
        if not np.isfinite(vectors).all():
            raise DataError(f"{name} vectors hold NaN or infinity", fix="run the health gate on them")


def _comparable(users: F32, items: F32, metric: Metric) -> tuple[F32, F32]:
    """Vectors whose dot product ranks items as ``metric`` does."""
    if metric == "dot":
        return users, items
    if metric == "cosine":  # the user's own length does not change the ranking
        norms = np.linalg.norm(items, axis=1, keepdims=True)
        return users, np.asarray(items / np.where(norms > 0, norms, 1), np.float32)
    # -|u - i|²/2 = u·i - |i|²/2 - |u|²/2, whose last term does not change the ranking
    half = np.asarray(-0.5 * np.square(items).sum(axis=1, keepdims=True), np.float32)
    ones = np.ones((len(users), 1), np.float32)
    return np.concatenate([users, ones], axis=1), np.concatenate([items, half], axis=1)


def _member(wanted: CSR, rows: I64, columns: I64) -> Bool:
    """[m, k] whether each of ``columns`` [m, k] is wanted by its row; -1 never is."""
    keys = np.sort(wanted.sources().astype(np.int64) * wanted.columns + wanted.indices)
    asked = np.where(columns < 0, -1, rows[:, None] * wanted.columns + columns)
    place = np.searchsorted(keys, asked)
    found: Bool = keys[np.minimum(place, len(keys) - 1)] == asked
    return found


def _summary(hits: Bool, wanted: I64, k: int) -> Retrieval:
    gain: F64 = 1 / np.log2(np.arange(2, k + 2))
    ideal = np.concatenate([[0.0], np.cumsum(gain)])[np.minimum(wanted, k)]
    found = hits.sum(axis=1)
    return Retrieval(
        k=k,
        users=len(hits),
        recall=float((found / wanted).mean()),
        ndcg=float((hits @ gain / ideal).mean()),
        precision=float((found / k).mean()),
        hit_rate=float((found > 0).mean()),
    )


def _expand(embeddings: Embeddings, node_type: str, graph: Graph) -> tuple[F32, Bool]:
    """Vectors by vocabulary row, zero where there is none, and whether there is one."""
    table: EmbeddingTable | None = embeddings.tables.get(node_type)
    if table is None:
        raise DataError(f"no {node_type!r} vectors, only {sorted(embeddings.tables)}")
    rows = graph.vocabularies[node_type].encode(table.ids)
    if (rows < 0).any():
        raise DataError(f"{int((rows < 0).sum())} {node_type} ids are unknown to the graph")
    size = len(graph.vocabularies[node_type])
    vectors = np.zeros((size, table.dim), np.float32)
    vectors[rows] = table.vectors
    present = np.zeros(size, np.bool_)
    present[rows] = True
    return vectors, present
