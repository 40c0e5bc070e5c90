"""Pretrained graph embeddings as Feast features: point-in-time correct, versioned, measured.

::

    import embedding_features as ef

    graph = ef.Graph.build("graph.yaml", as_of="2026-11-01T00:00:00Z")
    embeddings = ef.methods.lightgcn(dim=64).fit(graph)
    features = ef.derive_features(embeddings, ef.Clusters(k=256, top_k=4), ef.ResidualTokens(levels=4))
    snapshot = ef.write_snapshot(features, Path("snapshots"), health=ef.check_health(features).figures)
    ef.publish(snapshot.folder, Path("feature_repo"))

A name is imported when it is first used: torch and Feast take seconds.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from embedding_features import methods
    from embedding_features.artifact import Embeddings, Snapshot, write_snapshot
    from embedding_features.derive import Clusters, Neighbours, ProductTokens, QuantileBins, ResidualTokens
    from embedding_features.derive import derive as derive_features
    from embedding_features.graph import Graph
    from embedding_features.space import check_health, place
    from embedding_features.store import EmbeddingFeatures, publish

#: name → module and its name there
_HOME = {
    "Embeddings": ("artifact", "Embeddings"),
    "Snapshot": ("artifact", "Snapshot"),
    "write_snapshot": ("artifact", "write_snapshot"),
    "Clusters": ("derive", "Clusters"),
    "Neighbours": ("derive", "Neighbours"),
    "ProductTokens": ("derive", "ProductTokens"),
    "QuantileBins": ("derive", "QuantileBins"),
    "ResidualTokens": ("derive", "ResidualTokens"),
    "derive_features": ("derive", "derive"),
    "Graph": ("graph", "Graph"),
    "check_health": ("space", "check_health"),
    "place": ("space", "place"),
    "EmbeddingFeatures": ("store", "EmbeddingFeatures"),
    "publish": ("store", "publish"),
}

__all__ = [
    "Clusters",
    "EmbeddingFeatures",
    "Embeddings",
    "Graph",
    "Neighbours",
    "ProductTokens",
    "QuantileBins",
    "ResidualTokens",
    "Snapshot",
    "check_health",
    "derive_features",
    "methods",
    "place",
    "publish",
    "write_snapshot",
]


def __getattr__(name: str) -> Any:
    if name == "methods":
        return import_module("embedding_features.methods")
    if name not in _HOME:
        raise AttributeError(f"module 'embedding_features' has no attribute {name!r}")
    module, attribute = _HOME[name]
    return getattr(import_module(f"embedding_features.{module}"), attribute)
