"""Undirected graphs of nodes of one type, with labels: blogcatalog and wiki_tadw."""

import numpy as np
import pyarrow.parquet as pq

from benchmarks.catalogue.data.base import AS_OF, Data, Labels
from benchmarks.harness import data_root
from embedding_features.arrays import I64
from embedding_features.graph import CSR, Graph


def blogcatalog() -> Data[Labels]:
    """Return bloggers and their friends; labels are what they write about, one or several."""
    return _labelled("blogcatalog")


def wiki_tadw() -> Data[Labels]:
    """Return pages and links between them, taken both ways; a page has one label."""
    return _labelled("wiki_tadw")


def undirected(dataset: str) -> tuple[I64, I64]:
    """Return the ends of each edge, once, the smaller id first, and none from a node to itself."""
    edges = pq.read_table(data_root(dataset) / "edges.parquet")
    ends = np.stack([edges["src"].to_numpy(), edges["dst"].to_numpy()]).astype(np.int64)
    low, high = np.unique(np.sort(ends, axis=0), axis=1)
    return low[low != high], high[low != high]


def labels_of(node_type: str, node: I64, label: I64) -> Labels:
    """Return labels from one row for each node and label of it."""
    ids, row = np.unique(node, return_inverse=True)
    names, column = np.unique(label, return_inverse=True)
    return Labels(node_type, ids, CSR.from_edges(row, column, (len(ids), len(names))))


def _labelled(dataset: str) -> Data[Labels]:
    graph = Graph.from_arrays(AS_OF, {("node", "linked", "node"): undirected(dataset)})
    table = pq.read_table(data_root(dataset) / "labels.parquet")
    node, label = (table[name].to_numpy().astype(np.int64) for name in ("node", "label"))
    return Data(graph, labels_of("node", node, label))
