"""Papers that cite each other, with the words that they have."""

import numpy as np
import pyarrow.parquet as pq

from benchmarks.catalogue.data.base import AS_OF, Data, Labels
from benchmarks.catalogue.data.labelled import labels_of, undirected
from benchmarks.harness import data_root
from embedding_features.graph import Graph


def cora() -> Data[Labels]:
    """Return the papers, citations taken both ways, and a relation to words; labels are fields."""
    words = pq.read_table(data_root("cora") / "features.parquet")
    has = tuple(words[name].to_numpy().astype(np.int64) for name in ("node", "feature"))
    edges = {("paper", "cites", "paper"): undirected("cora"), ("paper", "has_word", "word"): has}
    papers = pq.read_table(data_root("cora") / "nodes.parquet")
    node, label = (papers[name].to_numpy().astype(np.int64) for name in ("node", "label"))
    return Data(Graph.from_arrays(AS_OF, edges), labels_of("paper", node, label))
