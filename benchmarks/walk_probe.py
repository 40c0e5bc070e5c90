"""Measures labels read from vectors of walks: ``python -m benchmarks.walk_probe --method node2vec --json``.

Settings are published ones, nothing is chosen on labels. blogcatalog: ``deepwalk`` (40 walks of 80 nodes from
each, window 5) and ``node2vec`` (10 walks of 80, p = q = 1/4, window 10), 128 dimensions, 10 passes as in
CogDL, of which each walks anew; F1 at 90 %. hin_dblp: ``metapath2vec`` and ``metapath2vec++`` along author,
paper, venue, paper, author 20 times, 10 walks from each author, window 5, 5 negatives, rate .01, one pass, as
in OpenHGNN; F1 of authors' labels, learned from 400 as there.
"""

import argparse
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numba
import numpy as np
import pyarrow.parquet as pq

from benchmarks.harness import data_root, emit, peak_rss_mb, timed
from benchmarks.walks import read
from embedding_features.arrays import I64
from embedding_features.evaluate.label_probe import label_probe
from embedding_features.graph import CSR
from embedding_features.graph.relation import Relation
from embedding_features.solvers.sgns import SGNS
from embedding_features.walks import BiasedWalks, MetapathWalks, UniformWalks, Walker

#: labelled authors that OpenHGNN learns from, of 4,057
_AUTHORS = 400 / 4057


@dataclass(frozen=True)
class Labelled:
    """Holds walks, the labels of the first rows, and the share of them to learn from."""

    walker: Walker
    labels: CSR
    train_share: float


#: micro-F1 of CogDL (blogcatalog at 90 %), macro-F1 of OpenHGNN
PUBLISHED: Mapping[str, Mapping[str, float]] = {
    "deepwalk": {"micro_f1": 0.427},
    "node2vec": {"micro_f1": 0.423},
    "metapath2vec": {"macro_f1": 0.9241, "micro_f1": 0.9288},
    "metapath2vec++": {},
}

SETTINGS: Mapping[str, SGNS] = {
    "deepwalk": SGNS(walks_per_node=40, window=5),
    "node2vec": SGNS(walks_per_node=10, window=10),
    "metapath2vec": SGNS(walks_per_node=10, window=5, learning_rate=0.01, noise="all_types"),
    "metapath2vec++": SGNS(walks_per_node=10, window=5, learning_rate=0.01, noise="own_type"),
}


def blogcatalog(method: str) -> Labelled:
    """Return the walks of a method over BlogCatalog, and what its nodes write about."""
    graph, has = read("blogcatalog")
    biased, uniform = BiasedWalks(length=80, p=0.25, q=0.25), UniformWalks(length=80)
    walker: Walker = biased.over(graph) if method == "node2vec" else uniform.over(graph)
    return Labelled(walker, CSR.from_edges(*np.nonzero(has), has.shape), 0.9)


def dblp() -> Labelled:
    """Return walks by metapath over DBLP, and the fields of authors."""
    paper, author = _columns("paper_author", "paper_id", "author_id")
    held, venue = _columns("paper_conf", "paper_id", "conf_id")
    authors, papers, venues = (int(rows.max()) + 1 for rows in (author, np.append(paper, held), venue))
    relations = {
        "wrote": Relation.from_edges("wrote", "author", "paper", author, paper, (authors, papers)),
        "in": Relation.from_edges("in", "paper", "venue", held, venue, (papers, venues)),
    }
    walks = MetapathWalks(path=("wrote", "in", "~in", "~wrote"), length=20 * 4 + 1)
    node, label = _columns("author_label", "author_id", "label")
    fields = np.unique(label)
    labels = CSR.from_edges(node, np.searchsorted(fields, label), (authors, len(fields)))
    return Labelled(walks.over(relations), labels, _AUTHORS)


def _columns(table: str, *names: str) -> list[I64]:
    found = pq.read_table(data_root("hin_dblp") / f"{table}.parquet")
    return [found[name].to_numpy().astype(np.int64) for name in names]


def measure(method: str, passes: int, seeds: int, splits: int) -> dict[str, Any]:
    """Return the F1 of a method's seeds, their means, and the seconds."""
    data = dblp() if method.startswith("metapath") else blogcatalog(method)
    sgns = SETTINGS[method]
    sgns = sgns.model_copy(update={"walks_per_node": sgns.walks_per_node * passes})
    scores, pairs = [], 0
    with timed() as all_seconds:
        for seed in range(seeds):
            with timed() as fit:
                found = sgns.fit(data.walker, seed=seed)
            pairs = found.pairs
            vectors = found.vectors[: data.labels.rows]
            scores.append(label_probe(vectors, data.labels, train_share=data.train_share, splits=splits).mean)
    micro, macro = ([getattr(one, name) for one in scores] for name in ("micro_f1", "macro_f1"))
    return {
        "micro_f1": float(np.mean(micro)),
        "macro_f1": float(np.mean(macro)),
        "micro_f1_seeds": [round(one, 4) for one in micro],
        "macro_f1_seeds": [round(one, 4) for one in macro],
        "train_share": data.train_share,
        "splits": splits,
        "pairs": pairs,
        "fit_seconds": fit.seconds,
        "fit_cpu_seconds": fit.cpu_seconds,
        "seconds": all_seconds.seconds,
    }


def main() -> None:
    """Learn, judge and report."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--method", choices=SETTINGS, required=True)
    parser.add_argument("--passes", type=int, help="10 over blogcatalog and 1 over hin_dblp by default")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--splits", type=int, default=10)
    parser.add_argument("--json", action="store_true", help="end with one line of JSON")
    arguments = parser.parse_args()
    passes = arguments.passes or (1 if arguments.method.startswith("metapath") else 10)
    report = measure(arguments.method, passes, arguments.seeds, arguments.splits)
    about = {"method": arguments.method, "passes": passes, "threads": numba.get_num_threads()}
    published = {f"published_{name}": value for name, value in PUBLISHED[arguments.method].items()}
    emit({**about, **report, **published, "peak_rss_mb": peak_rss_mb()}, arguments.json)


if __name__ == "__main__":
    main()
