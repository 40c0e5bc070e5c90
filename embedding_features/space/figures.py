"""The figures of a node type's vectors that the health gate judges."""

import math

import numpy as np
import pyarrow as pa

from embedding_features.arrays import F32, F64, I64
from embedding_features.artifact import Embeddings, EmbeddingTable
from embedding_features.derive import Clusters, Features
from embedding_features.fresh.graph_nodes import GraphNodes
from embedding_features.graph import Graph
from embedding_features.hashes import row_hashes


def vector_figures(table: EmbeddingTable, outlier_deviations: float) -> dict[str, float]:
    """Return the figures of one node type's vectors; :class:`.HealthConfig` says what each is.

    Args:
        table: the vectors; all figures but ``nan_or_inf`` and ``coverage`` are of those that are finite.
        outlier_deviations: how many robust deviations make a norm an outlier.
    """
    finite = table.vectors[np.isfinite(table.vectors).all(axis=1)]
    norms = np.sqrt(np.einsum("nd,nd->n", finite, finite, dtype=np.float64))
    count = max(len(finite), 1)
    return {
        "nan_or_inf": len(table.vectors) - len(finite),
        "zero_vectors": float((norms == 0).sum() / count),
        "duplicate_vectors": (len(finite) - len(np.unique(row_hashes(finite)))) / count,
        "norm_outliers": norm_outliers(norms[norms > 0], outlier_deviations),
        "effective_rank": effective_rank(finite),
        "coverage": len(table.ids) / max(table.catalogue, 1),
    }


def fresh_figures(embeddings: Embeddings, node_type: str, graph: Graph) -> dict[str, float]:
    """Return ``fresh_coverage`` of a node type; nothing where its nodes cannot be folded in."""
    nodes = GraphNodes.of(embeddings.tables, embeddings.fold_ins, node_type, graph)
    if nodes is None:
        return {}
    reachable = nodes.reachable(list(embeddings.provenance.edges))
    return {"fresh_coverage": int(reachable.sum()) / max(nodes.table.catalogue, 1)}


def norm_outliers(norms: F64, deviations: float) -> float:
    """Return the share of positive norms with a logarithm more than ``deviations`` robust deviations off."""
    if not len(norms):
        return 0.0
    logs = np.log(norms)
    distance = np.abs(logs - np.median(logs))
    # At least 0.1: where most norms are alike, as of unit vectors, a small difference is no outlier.
    spread = max(1.4826 * float(np.median(distance)), 0.1)
    return float((distance > deviations * spread).mean())


def effective_rank(vectors: F32) -> float:
    """Return exp of the entropy of the normalized singular values, 0 where all are 0.

    Roy & Vetterli, The Effective Rank, EUSIPCO 2007.
    """
    # The Gram matrix [dim, dim] instead of the SVD of [n, dim]: its eigenvalues are the squares.
    gram = vectors.T.astype(np.float64) @ vectors
    singular = np.sqrt(np.maximum(np.linalg.eigvalsh(gram), 0))
    total = singular.sum()
    if total == 0:
        return 0.0
    share = singular[singular > 0] / total
    return float(np.exp(-(share * np.log(share)).sum()))


def cluster_usage(features: Features, node_type: str) -> float:
    """Return the effective number of nodes' first clusters over the clusters that could be used."""
    codebook = next(
        c for c in features.codebooks if c.node_type == node_type and isinstance(c.spec, Clusters)
    )
    first = _first(features.tables[node_type, "clusters"].column("cluster_ids").combine_chunks())
    clusters = len(codebook.arrays["centroids"])
    share = np.bincount(first, minlength=clusters) / max(len(first), 1)
    used = math.exp(-sum(p * math.log(p) for p in share if p > 0))
    return used / max(min(clusters, len(first)), 1)


def _first(ids: pa.ListArray) -> I64:
    """Return the first of each list; all lists are of one length, at least 1."""
    flat = ids.flatten().to_numpy()
    return np.asarray(flat[:: max(len(flat) // max(len(ids), 1), 1)], np.int64)
