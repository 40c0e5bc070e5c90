"""The medoids of what a node likes as of a moment: what recall searches from."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from embedding_features.arrays import F64, I64
from embedding_features.errors import ConfigError
from embedding_features.fresh.history import gather_events, recency
from embedding_features.fresh.medoids_kernel import room_for_likes, update_medoids
from embedding_features.fresh.recipes.medoids import MedoidsRecipe
from embedding_features.fresh.request import NodeEvents
from embedding_features.fresh.series import FreshSeries
from embedding_features.fresh.tables import Directions
from embedding_features.fresh.walk import Walk
from embedding_features.jit import jit


@dataclass(frozen=True)
class Medoids:
    """Holds the medoids of a node's likes, the most important first.

    Attributes:
        ids: [k] ids of the other side's nodes, at most :data:`.MEDOIDS`; none of a node without likes.
        importance: [k] Σ e^(-λ age in days) over the likes of each one's cluster.
    """

    ids: pa.Array
    importance: F64


def find_medoids(series: FreshSeries, events: NodeEvents, moment: int) -> Medoids:
    """Find the medoids of a node's likes strictly before a moment, by the newest snapshot strictly older.

    They are those that the recipe ``medoids`` compares with candidates (PinnerSage, Pal et al., KDD 2020,
    section 4); how the lists that they recall are merged is the caller's.

    Args:
        series: with the recipe.
        events: of the node.
        moment: µs since 1970, UTC.

    Raises:
        ConfigError: when the series has no such recipe.
        DataError: when ids are null or of another type than the snapshots', or a value is not finite.
    """
    recipe = series.recipes.get(MedoidsRecipe.name)
    if not isinstance(recipe, MedoidsRecipe):
        raise ConfigError("medoids of a series without that recipe", fix="read it with recipes=['medoids']")
    walk = series.walk_request([], events, [], moment)
    rows, importance = _medoids_before_last(walk, recipe.table)
    return Medoids(events.others.take(pa.array(rows)), importance)


@jit()
def _medoids_before_last(walk: Walk, table: Directions) -> tuple[I64, F64]:
    """Return the events that are medoids, and their importances, as of the last row of the only node."""
    n = len(walk.order)
    likes = room_for_likes(n, table.unit.shape[1])
    if len(walk.asked) == 0:
        return likes.events[:0], likes.importance[:0]
    row = walk.asked[-1]
    at, end = walk.snapshot[row], walk.earlier[-1]
    events, entries = np.empty(n, np.int64), np.empty(n, np.int64)
    found = gather_events(walk, at, 0, end, table.first[at], table.known, events, entries)
    count = update_medoids(walk, table, at, events[:found], entries[:found], likes, 0)
    medoids = likes.medoid[: 0 if count == 0 else (likes.medoid >= 0).sum()]
    rows = likes.events[medoids]
    age = walk.time[row] - walk.time[likes.events[count - 1]] if count > 0 else 0
    return rows, likes.importance[: len(rows)] * recency(age)
