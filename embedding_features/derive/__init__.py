"""Features derived from vectors: clusters, tokens, neighbours, and the codebooks that define them."""

from embedding_features.derive.base import CodebookSpec, Derivation
from embedding_features.derive.clusters import Clusters
from embedding_features.derive.codebook import Codebook, load_codebooks
from embedding_features.derive.features import DeriveSpec, Features, derive, derive_recipe
from embedding_features.derive.neighbours import Neighbours
from embedding_features.derive.tokens import ProductTokens, QuantileBins, ResidualTokens

__all__ = [
    "Clusters",
    "Codebook",
    "CodebookSpec",
    "Derivation",
    "DeriveSpec",
    "Features",
    "Neighbours",
    "ProductTokens",
    "QuantileBins",
    "ResidualTokens",
    "derive",
    "derive_recipe",
    "load_codebooks",
]
