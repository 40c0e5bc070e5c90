"""Public data sets, and planted worlds whose truth is known."""

from embedding_features.datasets.card import DatasetCard, read_card
from embedding_features.datasets.ciao import get_ciao
from embedding_features.datasets.clicks import PlantedDomain
from embedding_features.datasets.ml100k import get_ml100k
from embedding_features.datasets.planted import planted_domains, planted_impressions, planted_interactions
from embedding_features.datasets.synthesize import synthesize
from embedding_features.datasets.world import Domain, World

__all__ = [
    "DatasetCard",
    "Domain",
    "PlantedDomain",
    "World",
    "get_ciao",
    "get_ml100k",
    "planted_domains",
    "planted_impressions",
    "planted_interactions",
    "read_card",
    "synthesize",
]
