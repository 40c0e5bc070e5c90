"""Candidates from the log alone: each source gives every request a list of unseen items, best first.

What is counted came strictly before the requests' moment, so no candidate knows of what is to be found.
"""

from itertools import pairwise

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from embedding_features.arrays import I64
from embedding_features.arrow import flat_array
from ranking.log_features.item_knn import nearest_items
from ranking.modes.lists import codes_among, last_liked, summed
from ranking.modes.requests import Requests
from ranking.task.task import SIDES


def popular(requests: Requests, k: int, days: float | None = None) -> pa.ListArray:
    """Return the items with the most labels of 1, of the last ``days`` where given; equal ones by id."""
    counts = requests.liked(days).group_by("item_id").aggregate([("item_id", "count")])
    order = pc.sort_indices(counts, [("item_id_count", "descending"), ("item_id", "ascending")])
    items = flat_array(counts["item_id"].take(order))
    seen = codes_among(requests.seen.flatten(), items)
    begin = np.asarray(requests.seen.offsets.to_numpy(), np.int64)
    rows: list[I64] = []
    for low, high in pairwise(begin):
        unseen = np.ones(len(items), np.bool_)
        known = seen[low:high]
        unseen[known[known >= 0]] = False
        rows.append(np.flatnonzero(unseen)[:k])
    offsets = np.concatenate([[0], np.cumsum([len(row) for row in rows])])
    taken = items.take(pa.array(np.concatenate(rows), pa.int64()))
    return pa.ListArray.from_arrays(pa.array(offsets, pa.int32()), taken)


def item_knn(
    requests: Requests, k: int, length: int = 10, neighbours: int = 50, shrinkage: float = 10.0
) -> pa.ListArray:
    """Return the items that the same users liked as each user's last ``length`` liked ones.

    They are ordered by the sum of their similarities (:func:`.nearest_items`).

    Args:
        requests: of one moment.
        k: the most items of a list.
        length: liked items of a user to start from, the last ones.
        neighbours: items near each of them.
        shrinkage: of similarities that few users support.
    """
    liked = requests.liked()
    users, items = (flat_array(liked[f"{side}_id"]).dictionary_encode() for side in SIDES)
    user, item = (np.asarray(ids.indices.to_numpy(), np.int64) for ids in (users, items))
    asking, start = last_liked(requests, liked, item, length)
    distinct, which = np.unique(start, return_inverse=True)
    found, score = nearest_items(user, item, distinct, neighbours, shrinkage)
    return summed(asking, found[which], score[which], requests, items.dictionary, k)
