"""Baselines of retrieval that have no vectors of users, and their evaluation."""

from embedding_features.evaluate.baselines.base import Baseline, Fitted, ItemBaseline, ItemModel
from embedding_features.evaluate.baselines.ease import EASE
from embedding_features.evaluate.baselines.evaluation import evaluate_baseline, known_pairs
from embedding_features.evaluate.baselines.gf_cf import GFCF
from embedding_features.evaluate.baselines.item_knn import ItemKNN
from embedding_features.evaluate.baselines.pixie import Pixie
from embedding_features.evaluate.baselines.popular import Popular
from embedding_features.evaluate.baselines.user_knn import UserKNN
from embedding_features.evaluate.baselines.xwalk import XWalk

__all__ = [
    "EASE",
    "GFCF",
    "Baseline",
    "Fitted",
    "ItemBaseline",
    "ItemKNN",
    "ItemModel",
    "Pixie",
    "Popular",
    "UserKNN",
    "XWalk",
    "evaluate_baseline",
    "known_pairs",
]
