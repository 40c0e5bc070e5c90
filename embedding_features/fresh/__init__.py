"""Makes vectors and scores from a node's latest events and a snapshot's vectors of the other side."""

from embedding_features.fresh.fold_in import FoldIn
from embedding_features.fresh.fold_in_kernel import FoldedRows
from embedding_features.fresh.medoids import Medoids, find_medoids
from embedding_features.fresh.recipes import RECIPES, Recipe
from embedding_features.fresh.request import NodeEvents
from embedding_features.fresh.series import LAST_EVENTS, FreshSeries, fresh_prefix
from embedding_features.fresh.walk import Events, make_walk

__all__ = [
    "LAST_EVENTS",
    "RECIPES",
    "Events",
    "FoldIn",
    "FoldedRows",
    "FreshSeries",
    "Medoids",
    "NodeEvents",
    "Recipe",
    "find_medoids",
    "fresh_prefix",
    "make_walk",
]
