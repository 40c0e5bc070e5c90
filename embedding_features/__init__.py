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

from typing import TYPE_CHECKING

from embedding_features.lazy import on_first_use

if TYPE_CHECKING:
    from embedding_features import methods as methods
    from embedding_features.artifact import Embeddings as Embeddings
    from embedding_features.artifact import Snapshot as Snapshot
    from embedding_features.artifact import write_snapshot as write_snapshot
    from embedding_features.derive import Clusters as Clusters
    from embedding_features.derive import Neighbours as Neighbours
    from embedding_features.derive import ProductTokens as ProductTokens
    from embedding_features.derive import QuantileBins as QuantileBins
    from embedding_features.derive import ResidualTokens as ResidualTokens
    from embedding_features.derive import derive
    from embedding_features.graph import Graph as Graph
    from embedding_features.space import check_health as check_health
    from embedding_features.space import fresh_records as fresh_records
    from embedding_features.space import place as place
    from embedding_features.store import EmbeddingFeatures as EmbeddingFeatures
    from embedding_features.store import publish as publish

    derive_features = derive

__getattr__, __all__ = on_first_use(
    __name__,
    {
        "Clusters": "derive:Clusters",
        "EmbeddingFeatures": "store:EmbeddingFeatures",
        "Embeddings": "artifact:Embeddings",
        "Graph": "graph:Graph",
        "Neighbours": "derive:Neighbours",
        "ProductTokens": "derive:ProductTokens",
        "QuantileBins": "derive:QuantileBins",
        "ResidualTokens": "derive:ResidualTokens",
        "Snapshot": "artifact:Snapshot",
        "check_health": "space:check_health",
        "derive_features": "derive:derive",
        "fresh_records": "space:fresh_records",
        "methods": "methods",
        "place": "space:place",
        "publish": "store:publish",
        "write_snapshot": "artifact:write_snapshot",
    },
)
