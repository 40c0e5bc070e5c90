"""The recipe ``fold_in``: vector and score by the method's own way, or by regression of values."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Self

import numpy as np

from embedding_features.arrays import F64
from embedding_features.artifact.fold_in import FoldInParameters, FoldIns, Purpose
from embedding_features.artifact.snapshot import Snapshot
from embedding_features.fresh.fold_in import FoldIn
from embedding_features.fresh.history import MICROS_A_DAY
from embedding_features.fresh.recipes.base import Recipe
from embedding_features.fresh.walk import Walk


@dataclass(frozen=True)
class FoldInRecipe(Recipe):
    """Gives the node's vector, the score of the row's other node with its variance, and what they rest on.

    Figures: ``score`` and ``variance`` of the values that events bear, or of the method's own score where the
    snapshots know of no values; ``events`` used and ``skipped``; ``age_days`` of the newest; the node's
    ``vector`` in the method's space.

    Attributes:
        scores: by values where there are any.
        vectors: by the method's own way; None where that gives the scores as well.
    """

    name: ClassVar[str] = "fold_in"
    scores: FoldIn
    vectors: FoldIn | None

    @classmethod
    def read(cls, snapshots: Sequence[Snapshot], node_type: str, other: str) -> Self | None:
        """Read the fold-ins of the snapshots; None where one has none of the node type."""
        found = [snapshot.fold_ins() for snapshot in snapshots]
        tables = [snapshot.vectors(other).vectors for snapshot in snapshots]
        purposes = _parameters(found, node_type, "own"), _parameters(found, node_type, "values")
        own, values = (FoldIn(parameters, tables) if parameters else None for parameters in purposes)
        if own is None:
            return None
        return cls(own, None) if values is None else cls(values, own)

    def rows(self, walk: Walk) -> Mapping[str, F64]:
        """Return the figures; ``age_days`` is NaN without an event."""
        scored = self.scores.rows(walk)
        vector = scored.vector if self.vectors is None else self.vectors.vectors(walk)
        seen = scored.used >= 0
        age = (walk.time - scored.newest) / MICROS_A_DAY
        return {
            "score": scored.score,
            "variance": scored.variance,
            "events": np.where(seen, scored.used, np.nan),
            "skipped": np.where(seen, scored.skipped, np.nan),
            "age_days": np.where(seen & (scored.newest > 0), age, np.nan),
            "vector": vector,
        }


def _parameters(found: Sequence[FoldIns], node_type: str, purpose: Purpose) -> list[FoldInParameters]:
    """Return the parameters of a purpose of all snapshots; none where one lacks it."""
    parameters = [fold_ins.get(node_type, {}).get(purpose) for fold_ins in found]
    there = [one for one in parameters if one is not None]
    return there if len(there) == len(parameters) else []
