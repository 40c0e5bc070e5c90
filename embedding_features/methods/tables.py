"""The tables that a fit leaves: the vectors of each node type beside their ids."""

import numpy as np

from embedding_features.arrays import F32, I64
from embedding_features.artifact.embeddings import EmbeddingTable
from embedding_features.errors import TrainingError
from embedding_features.graph.graph import Graph


def make_table(graph: Graph, node_type: str, rows: I64, vectors: F32) -> EmbeddingTable:
    """Return the embedding table of one node type.

    Args:
        graph: whose vocabulary names the nodes.
        node_type: of the nodes.
        rows: [n] vocabulary rows that have a vector.
        vectors: [n, dim] their vectors.

    Raises:
        TrainingError: when a vector is not finite.
    """
    kept = np.ascontiguousarray(vectors, np.float32)
    bad = int((~np.isfinite(kept)).any(axis=1).sum())
    if bad:
        raise TrainingError(
            f"{bad} of {len(rows)} {node_type} vectors are not finite",
            fix="lower the learning rate or the exponents, or look for extreme weights in the relation",
        )
    vocabulary = graph.vocabularies[node_type]
    return EmbeddingTable(node_type, vocabulary.decode(rows), kept, len(vocabulary))
