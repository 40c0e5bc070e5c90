"""Measures labels read from vectors: ``python -m benchmarks.label_probe --dataset blogcatalog --json``.

The protocol of random-walk papers: one-vs-rest logistic regression on a share of the labelled nodes, the
number of each test node's labels known, micro- and macro-F1, over several random splits. Vectors are learned
once and know no labels; settings are the defaults, nothing is chosen on the labels. Words of cora's papers
are weighted as the paper of TADW does, by TF-IDF; hin_dblp has papers, authors, venues and terms, and labels
of authors.
"""

import argparse
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.harness import data_root, emit, peak_rss_mb, timed
from embedding_features.arrays import F32, I64
from embedding_features.artifact.metric import as_compared
from embedding_features.errors import DataError
from embedding_features.evaluate.label_probe import LabelProbe, label_probe, probe_split
from embedding_features.graph import CSR
from embedding_features.solvers.line import LINE, PTE, BipartiteNetwork
from embedding_features.solvers.proximity import DNGR, SDNE, TADW, GraRep, NetMF, ProNE, ProximitySolver
from embedding_features.solvers.proximity.tadw import principal_components

#: micro-F1 as published (see the data's README): blogcatalog by CogDL at a train share of 0.9, wiki_tadw and
#: cora by OpenNE at 0.5 and 0.1
PUBLISHED: Mapping[str, Mapping[str, float]] = {
    "blogcatalog": {
        "DeepWalk": 0.427,
        "NetMF": 0.435,
        "ProNE": 0.436,
        "GraRep": 0.340,
        "LINE": 0.392,
        "SDNE": 0.403,
        "DNGR": 0.285,
    },
    "cora": {"DeepWalk": 0.713, "TADW": 0.780},
    "hin_dblp": {"metapath2vec": 0.929},
    "wiki_tadw": {"DeepWalk": 0.669, "LINE": 0.576, "GraRep": 0.633},
}

SOLVERS: Mapping[str, ProximitySolver] = {
    "dngr": DNGR(),
    "grarep": GraRep(),
    "line": LINE(),
    "netmf": NetMF(),
    "netmf_exact": NetMF(eigenpairs=None),
    "prone": ProNE(),
    "sdne": SDNE(),
}


@dataclass(frozen=True)
class LabelledGraph:
    """Holds an undirected graph, its labels, and what else a data set has.

    Attributes:
        adjacency: [nodes, nodes].
        labels: [nodes, labels].
        features: [nodes, words] of words by TF-IDF.
        split: the rows of each part of the public split.
        networks: the bipartite networks that the graph consists of.
    """

    adjacency: CSR
    labels: CSR
    features: F32 | None = None
    split: Mapping[str, I64] | None = None
    networks: tuple[BipartiteNetwork, ...] = ()


def main() -> None:
    """Learn, judge and report."""
    methods: Mapping[str, Callable[[LabelledGraph, int], F32]] = {
        **{name: _solve(solver) for name, solver in SOLVERS.items()},
        "pte": lambda data, seed: PTE().solve(_networks(data), seed=seed),
        "tadw": lambda data, seed: TADW().solve(data.adjacency, _features(data), seed=seed),
        "features": lambda data, _: principal_components(_features(data), 200)[0],
    }
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--dataset", choices=sorted(PUBLISHED), default="blogcatalog")
    parser.add_argument("--method", choices=sorted(methods), default="prone")
    parser.add_argument("--train-share", type=float, default=0.9)
    parser.add_argument("--splits", type=int, default=10)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", action="store_true", help="end with one line of JSON")
    arguments = parser.parse_args()
    data = read(arguments.dataset)
    with timed() as fit:
        vectors = methods[arguments.method](data, arguments.seed)
    with timed() as judge:
        probe = label_probe(
            vectors,
            data.labels,
            train_share=arguments.train_share,
            splits=arguments.splits,
            seed=arguments.seed,
        )
    report: dict[str, Any] = {
        "dataset": arguments.dataset,
        "method": arguments.method,
        "dim": vectors.shape[1],
        "seed": arguments.seed,
        "train_share": probe.train_share,
        "splits": len(probe.splits),
        **_figures(probe),
        **_public_split(vectors, data),
        "fit_seconds": fit.seconds,
        "fit_cpu_seconds": fit.cpu_seconds,
        "probe_seconds": judge.seconds,
        "published": PUBLISHED[arguments.dataset],
        "peak_rss_mb": peak_rss_mb(),
    }
    emit(report, arguments.json)


def read(dataset: str) -> LabelledGraph:
    """Return a data set's graph, each edge once in both directions and none from a node to itself."""
    if dataset == "hin_dblp":
        return _publications()
    edges = pq.read_table(data_root(dataset) / "edges.parquet")
    ends = np.stack([edges["src"].to_numpy(), edges["dst"].to_numpy()]).astype(np.int64)
    if dataset != "cora":
        labels = pq.read_table(data_root(dataset) / "labels.parquet")
        node, label = labels["node"].to_numpy(), labels["label"].to_numpy()
        nodes = int(max(ends.max(), node.max())) + 1
        return LabelledGraph(_adjacency(ends, nodes), _labels(node, label, nodes))
    table = pq.read_table(data_root(dataset) / "nodes.parquet").sort_by("node")
    node, label, part = (table[name].to_numpy() for name in ("node", "label", "split"))
    words = pq.read_table(data_root(dataset) / "features.parquet")
    features = np.zeros((len(node), int(words["feature"].to_numpy().max()) + 1), np.float32)
    features[words["node"].to_numpy(), words["feature"].to_numpy()] = 1
    split = {name: np.flatnonzero(part == name) for name in ("train", "test")}
    labels = _labels(node, label, len(node))
    return LabelledGraph(_adjacency(ends, len(node)), labels, tf_idf(features), split)


def tf_idf(counts: F32) -> F32:
    """Return counts of words [n, words] times log(n / nodes that have the word), rows of length 1."""
    having = np.count_nonzero(counts, axis=0)
    return as_compared(counts * np.log(len(counts) / np.maximum(having, 1)).astype(np.float32), "cosine")


def _publications() -> LabelledGraph:
    """Return papers, then authors, venues and terms, in one space of rows, and labels of authors."""
    columns = {"author": "author_id", "conf": "conf_id", "term": "term_id"}
    tables = {kind: pq.read_table(data_root("hin_dblp") / f"paper_{kind}.parquet") for kind in columns}
    paper = {kind: _from_one(table, "paper_id") for kind, table in tables.items()}
    other = {kind: _from_one(table, columns[kind]) for kind, table in tables.items()}
    papers = 1 + max(int(rows.max()) for rows in paper.values())
    spans = np.cumsum([papers, *(1 + rows.max() for rows in other.values())]).tolist()
    networks = []
    for kind, (first, end) in zip(columns, pairwise(spans), strict=True):
        edges = CSR.from_edges(paper[kind], other[kind], (papers, end - first))
        networks.append(BipartiteNetwork((0, papers), (first, end), edges))
    ends = [np.stack([net.edges.sources(), net.edges.indices + net.targets[0]]) for net in networks]
    known = pq.read_table(data_root("hin_dblp") / "author_label.parquet")
    author = _from_one(known, "author_id") + networks[0].targets[0]
    labels = _labels(author, known["label"].to_numpy(), spans[-1])
    adjacency = _adjacency(np.concatenate(ends, axis=1).astype(np.int64), spans[-1])
    return LabelledGraph(adjacency, labels, networks=tuple(networks))


def _from_one(table: pa.Table, column: str) -> I64:
    """Return ids that begin at 1 as rows."""
    rows: I64 = table[column].to_numpy().astype(np.int64) - 1
    return rows


def _solve(solver: ProximitySolver) -> Callable[[LabelledGraph, int], F32]:
    return lambda data, seed: solver.solve(data.adjacency, seed=seed)


def _features(data: LabelledGraph) -> F32:
    if data.features is None:
        raise DataError("this data set has no features", fix="take cora")
    return data.features


def _networks(data: LabelledGraph) -> tuple[BipartiteNetwork, ...]:
    if not data.networks:
        raise DataError("this data set has nodes of one type", fix="take hin_dblp")
    return data.networks


def _figures(probe: LabelProbe) -> dict[str, float]:
    found = {"micro_f1": probe.mean.micro_f1, "macro_f1": probe.mean.macro_f1}
    if len(probe.splits) > 1:
        found |= {"micro_f1_spread": probe.spread.micro_f1, "macro_f1_spread": probe.spread.macro_f1}
    return found


def _public_split(vectors: F32, data: LabelledGraph) -> dict[str, float]:
    if data.split is None:
        return {}
    scores = probe_split(vectors, data.labels, data.split["train"], data.split["test"])
    return {"public_split_micro_f1": scores.micro_f1}


def _adjacency(ends: I64, nodes: int) -> CSR:
    keys = np.unique(ends.min(axis=0) * nodes + ends.max(axis=0))
    low, high = keys // nodes, keys % nodes
    low, high = low[low != high], high[low != high]
    return CSR.from_edges(np.concatenate([low, high]), np.concatenate([high, low]), (nodes, nodes))


def _labels(node: I64, label: I64, nodes: int) -> CSR:
    distinct = np.unique(label)
    return CSR.from_edges(node, np.searchsorted(distinct, label), (nodes, len(distinct)))


if __name__ == "__main__":
    main()
