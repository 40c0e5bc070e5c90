"""Papers with the public split of their labels: 20 of each to learn, 500 to choose by, 1,000 to judge."""

from dataclasses import dataclass

import numpy as np
import pyarrow.parquet as pq

from benchmarks.catalogue.data.base import AS_OF, Data
from benchmarks.catalogue.data.labelled import undirected
from benchmarks.harness import data_root
from embedding_features.arrays import I64
from embedding_features.graph import Graph


@dataclass(frozen=True)
class Split:
    """Holds the nodes of one part of a split, and their labels.

    Attributes:
        ids: [n] of the nodes.
        label: [n] of each.
    """

    ids: I64
    label: I64


@dataclass(frozen=True)
class SplitLabels:
    """Holds the labels of nodes of one type, of which each has one.

    Attributes:
        node_type: of the nodes.
        splits: train, valid and test.
    """

    node_type: str
    splits: dict[str, Split]


def cora_public() -> Data[SplitLabels]:
    """Return the papers, citations taken both ways, and relations to words and to the fields of some.

    ``is_about`` has the fields of the papers of training, ``validated`` those of validation; those of the
    test are not in the graph (Yang, Cohen & Salakhutdinov, ICML 2016, section 5.1).
    """
    papers = pq.read_table(data_root("cora") / "nodes.parquet")
    node, label = (papers[name].to_numpy().astype(np.int64) for name in ("node", "label"))
    part = np.array(papers["split"].to_pylist())
    names = {"train": "train", "valid": "val", "test": "test"}
    splits = {name: Split(node[part == of], label[part == of]) for name, of in names.items()}
    return Data(graph_of(node, splits), SplitLabels("paper", splits))


def graph_of(papers: I64, splits: dict[str, Split]) -> Graph:
    """Return the graph of some of the papers, with the labels of those of training and validation."""
    words = pq.read_table(data_root("cora") / "features.parquet")
    citing, cited = undirected("cora")
    both = np.isin(citing, papers) & np.isin(cited, papers)
    paper, word = (words[name].to_numpy().astype(np.int64) for name in ("node", "feature"))
    described = np.isin(paper, papers)
    edges = {
        ("paper", "cites", "paper"): (citing[both], cited[both]),
        ("paper", "has_word", "word"): (paper[described], word[described]),
    }
    for name, split in (("is_about", splits["train"]), ("validated", splits["valid"])):
        inside = np.isin(split.ids, papers)
        edges["paper", name, "field"] = (split.ids[inside], split.label[inside])
    return Graph.from_arrays(AS_OF, edges)
