"""The recipe ``medoids``: how near the candidate is to the middles of what a node likes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Self

import numpy as np

from embedding_features.arrays import F64
from embedding_features.artifact.snapshot import Snapshot
from embedding_features.fresh.medoids_kernel import MedoidRows, compare
from embedding_features.fresh.recipes.base import Recipe
from embedding_features.fresh.tables import Directions, read_directions
from embedding_features.fresh.walk import Walk, each_node


@dataclass(frozen=True)
class MedoidsRecipe(Recipe):
    """Gives how near the candidate is to the medoids of the clusters of a node's newest likes.

    PinnerSage (Pal et al., KDD 2020, section 4): Ward's clustering of the likes' directions, of each cluster
    the like that is nearest to the others, and as its importance the sum of e^(-λ age in days). An event is
    a like by :func:`.least_likes`.

    Figures: ``nearest``, the largest cosine with one of the three most important medoids; ``weighted``, the
    mean cosine with them, weighted by importance. NaN without likes.

    Attributes:
        table: the other side's directions.
    """

    name: ClassVar[str] = "medoids"
    table: Directions

    @classmethod
    def read(cls, snapshots: Sequence[Snapshot], node_type: str, other: str) -> Self:
        """Read the directions; every snapshot has them."""
        return cls(read_directions(snapshots, node_type, other))

    def rows(self, walk: Walk) -> Mapping[str, F64]:
        """Return the figures."""
        n = len(walk.time)
        out = MedoidRows(np.full(n, np.nan), np.full(n, np.nan))
        each_node(compare, walk, self.table, out)
        return out._asdict()
