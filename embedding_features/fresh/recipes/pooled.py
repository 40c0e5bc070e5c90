"""The recipe ``pooled``: the mean of what a node likes, and of what it does not."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Self

import numpy as np

from embedding_features.arrays import F64
from embedding_features.artifact.snapshot import Snapshot
from embedding_features.fresh.pooled_kernel import PooledRows, pool
from embedding_features.fresh.recipes.base import Recipe
from embedding_features.fresh.tables import Directions, read_directions
from embedding_features.fresh.walk import Walk, each_node


@dataclass(frozen=True)
class PooledRecipe(Recipe):
    """Gives the decayed mean of the directions of a node's likes, and how near the candidate is to it.

    A mean weighs events by e^(-λ age in days), λ = :data:`.DECAY_A_DAY`; an event is a like by
    :func:`.least_likes`.

    Figures: ``liked`` and ``disliked``, the candidate's cosines with the means of likes and of the other
    events; ``vector``, the mean of likes. NaN where there are none.

    Attributes:
        table: the other side's directions.
    """

    name: ClassVar[str] = "pooled"
    table: Directions

    @classmethod
    def read(cls, snapshots: Sequence[Snapshot], node_type: str, other: str) -> Self:
        """Read the directions; every snapshot has them."""
        return cls(read_directions(snapshots, node_type, other))

    def rows(self, walk: Walk) -> Mapping[str, F64]:
        """Return the figures."""
        n, dim = len(walk.time), self.table.unit.shape[1]
        out = PooledRows(np.full(n, np.nan), np.full(n, np.nan), np.full((n, dim), np.nan))
        each_node(pool, walk, self.table, out)
        return out._asdict()
