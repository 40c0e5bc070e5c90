"""Recall, NDCG, precision and hit rate of ranked lists."""

from dataclasses import dataclass

import numpy as np

from embedding_features.arrays import F64, I64, Bool
from embedding_features.graph.csr import CSR


@dataclass(frozen=True)
class Retrieval:
    """Metrics at a cut-off, averaged over the users who have something to find.

    Relevance is binary, as LightGCN's authors publish.

    Attributes:
        k: the cut-off.
        users: number of users that the means are over.
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


def mark_wanted(wanted: CSR, rows: I64, columns: I64) -> Bool:
    """Return [m, k] whether each of ``columns`` [m, k] is wanted by its row; -1 never is.

    Args:
        wanted: [users, items] the items to find.
        rows: [m] row of ``wanted`` of each ranking.
        columns: [m, k] int64 ranked columns.
    """
    keys = np.sort(wanted.sources().astype(np.int64) * wanted.columns + wanted.indices)
    asked = np.where(columns < 0, -1, rows[:, None] * wanted.columns + columns)
    position = np.searchsorted(keys, asked)
    found: Bool = keys[np.minimum(position, len(keys) - 1)] == asked
    return found


def mean_metrics(hits: Bool, wanted: I64, k: int) -> Retrieval:
    """Return the metrics of ranked lists.

    Args:
        hits: [m, k] whether the item at each rank is wanted.
        wanted: [m] number of items each user has to find, at least 1.
        k: the cut-off.
    """
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
