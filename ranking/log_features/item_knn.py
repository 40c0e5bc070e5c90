"""Item-kNN from the log alone: the strong baseline that is not pretrained, as of each snapshot's moment.

Two items are alike as the cosine of who liked them (Sarwar et al., Item-based collaborative filtering
recommendation algorithms, WWW 2001; Deshpande & Karypis, Item-based top-N recommendation algorithms, TOIS
2004), shrunk by how few liked both (Koren, Factorization meets the neighborhood, KDD 2008, section 2.2):

    s_ij = c_ij / (c_ij + λ) · c_ij / sqrt(c_i c_j)

with c_i users who gave item i the label 1, and c_ij who gave it to both. Neighbours are found anew at the
moment of each snapshot and become features as a snapshot's do (:mod:`.neighbour_scores`), so that
pretrained vectors are compared with a baseline as fresh as they are.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import pairwise

import numpy as np
import pyarrow as pa

from embedding_features.arrays import F64, I64, Bool
from embedding_features.errors import ConfigError
from embedding_features.jit import jit
from embedding_features.kernels import insert_best
from ranking.log_features.as_of_sums import in_millionths
from ranking.log_features.earlier_events import EarlierEvents
from ranking.log_features.log import Log, as_micros
from ranking.log_features.neighbour_scores import NEIGHBOUR_FEATURES, NeighbourLists, list_scores

ITEM_KNN_COLUMNS = tuple(f"item_knn_{feature}" for feature in NEIGHBOUR_FEATURES)


def item_knn_columns(
    log: Log, moments: Sequence[datetime], events: EarlierEvents, k: int = 100, shrinkage: float = 5.0
) -> pa.Table:
    """Return how each label's user liked, before it, the items nearest to its item.

    A label's neighbours come from the likes up to the newest moment strictly older than the label. Beside the
    log and the result, memory holds k neighbours of each item.

    The defaults were chosen on the validation rows of MovieLens-100K and Ciao, where figures change little
    around them.

    Args:
        log: the labels.
        moments: when neighbours are found anew: the snapshots' ``as_of``, in any order.
        events: of the log, for neighbours of items (``EarlierEvents.of(log, residual, "item")``).
        k: neighbours an item; fewer where fewer are alike, and of equal ones those first met in the log.
        shrinkage: λ, in users; 0 for the plain cosine.

    Returns:
        :data:`ITEM_KNN_COLUMNS`, float32, one row a label: ``seen``, ``liked`` and ``knn`` of
        :func:`.neighbour_scores`, null where no moment is older than the label, or nobody had liked its item
        by then.

    Raises:
        ConfigError: when ``k`` or ``shrinkage`` is out of range.
    """
    if k < 1 or not 0 <= shrinkage < np.inf:
        raise ConfigError(
            f"item-kNN with k = {k} and shrinkage = {shrinkage}",
            fix="give k of 1 or more, and a finite shrinkage of 0 or more",
        )
    parts = [
        list_scores(events, lists, which, absent, start)
        for start, lists, which, absent in _lists_by_moment(log, as_micros(moments), k, shrinkage)
    ]
    return pa.concat_tables(parts).combine_chunks().rename_columns(list(ITEM_KNN_COLUMNS))


def _lists_by_moment(
    log: Log, moments: I64, k: int, shrinkage: float
) -> Iterator[tuple[int, NeighbourLists, I64, Bool]]:
    """Yield runs of labels between two moments, which cover all labels.

    Yields:
        The first label, lists of neighbours, [m] which list is each label's, and [m] whose is unknown.
    """
    liked = np.flatnonzero(log.label == 1)
    # the labels up to a moment are what those after it, up to the next one, are told of
    borders = [0, *np.searchsorted(log.time, moments, side="right").tolist(), len(log)]
    for known, end in pairwise(borders):
        likes = liked[liked < known]
        asked, which = np.unique(log.item[known:end], return_inverse=True)
        nearest = nearest_items(log.user[likes], log.item[likes], asked, min(k, len(log.items)), shrinkage)
        unknown = ~np.isin(asked, log.item[likes])
        yield known, _weighted(*nearest), which.astype(np.int64), unknown[which]


def _weighted(code: I64, score: F64) -> NeighbourLists:
    """Return lists of codes and scores [a, k], the best first, as lists of weights."""
    found = code >= 0
    count, best = found.sum(axis=1), score[:, :1].sum(axis=1)
    rounded, best = (part.astype(np.float32).astype(np.float64) for part in (score[found], best))
    weight = in_millionths(rounded / np.repeat(np.maximum(best, 1e-30), count))
    return NeighbourLists(np.cumsum(count), code[found], weight)


def nearest_items(user: I64, item: I64, asked: I64, k: int, shrinkage: float = 0.0) -> tuple[I64, F64]:
    """Return the items most alike to each one asked for, by who liked both, in O(Σ over users of likes²).

    Counts are integers and a score is one formula of them, so no order of adding can change it. Memory is
    that of the likes and the answer.

    Args:
        user: [n] code of each like's user; one said twice counts once.
        item: [n] code of each like's item.
        asked: [a] codes of items, liked or not.
        k: neighbours an item.
        shrinkage: λ, in users; 0 for the plain cosine.

    Returns:
        [a, k] codes and scores, best first and equal ones by code; −1 and 0 beyond those that share a user.
    """
    users, items = (int(codes.max(initial=-1)) + 1 for codes in (user, np.concatenate([item, asked])))
    pairs = np.unique(user * items + item)
    user, item = pairs // max(items, 1), pairs % max(items, 1)
    by_item = np.argsort(item, kind="stable")
    item_begin = np.searchsorted(item[by_item], np.arange(items + 1))
    user_begin = np.searchsorted(user, np.arange(users + 1))
    code, score = np.full((len(asked), k), -1), np.zeros((len(asked), k))
    _nearest(item_begin, user[by_item], user_begin, item, asked, float(shrinkage), code, score)
    return code, score


@jit()
def _nearest(
    item_begin: I64, item_user: I64, user_begin: I64, user_item: I64, asked: I64, shrinkage: float,
    code: I64, score: F64,
) -> None:  # fmt: skip
    """Fill ``code`` and ``score``: users of item i are ``item_user[item_begin[i] : item_begin[i + 1]]``."""
    size = np.diff(item_begin)
    both, sharing = np.zeros(size.size, np.int64), np.empty(size.size, np.int64)
    for row in range(asked.size):
        own, count = asked[row], 0
        for user in item_user[item_begin[own] : item_begin[own + 1]]:
            for item in user_item[user_begin[user] : user_begin[user + 1]]:
                if both[item] == 0:
                    sharing[count] = item
                    count += 1
                both[item] += 1
        for item in sharing[:count]:
            common = both[item]
            both[item] = 0
            if item != own:
                alike = common / (common + shrinkage) * common / np.sqrt(float(size[own] * size[item]))
                insert_best(code[row], score[row], item, alike)
