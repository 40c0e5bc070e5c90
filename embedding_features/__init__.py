"""Pretrained graph embeddings as Feast features: point-in-time correct, versioned, measured.

::

    import embedding_features as ef

    graph = ef.Graph.build("graph.yaml", as_of="2026-11-01T00:00:00Z")
    embeddings = ef.methods.lightgcn(dim=64).fit(graph)
    features = ef.derive(embeddings, ef.Clusters(k=256, top_k=4), ef.ResidualTokens(levels=4), ef.Neighbours(k=20))
    snapshot = ef.write_snapshot(features, "snapshots", health=ef.check_health(features).figures)

and, with Feast: ``from embedding_features import store; store.publish(snapshot.folder, "feature_repo")``.
"""

from embedding_features import methods
from embedding_features.artifact import Embeddings, Snapshot, write_snapshot
from embedding_features.derive import Clusters, Neighbours, ProductTokens, QuantileBins, ResidualTokens, derive
from embedding_features.graph import Graph
from embedding_features.space import check_health, place

__all__ = [
    "Clusters",
    "Embeddings",
    "Graph",
    "Neighbours",
    "ProductTokens",
    "QuantileBins",
    "ResidualTokens",
    "Snapshot",
    "check_health",
    "derive",
    "methods",
    "place",
    "write_snapshot",
]
