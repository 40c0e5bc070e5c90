"""Measures labels read from a method's vectors: ``python -m benchmarks.label_probe --dataset cora --json``.

The judge is the catalogue's (:mod:`benchmarks.catalogue`), which keeps the rows that count; here any method
is tried on any of the labelled data sets with any settings: ``--method tadw --set relation=cites``. To choose
settings by labels, hold some out: ``--blind 0.2`` takes that share of the labelled nodes away first.
"""

import argparse
from dataclasses import replace
from typing import Any

import numpy as np

from benchmarks.catalogue.data.base import Data, Labels
from benchmarks.catalogue.data.manifest import READERS
from benchmarks.catalogue.judges.labels import LabelJudge
from benchmarks.harness import emit, peak_rss_mb, setting, timed
from embedding_features.graph import CSR
from embedding_features.methods import make, methods

DATASETS = ("blogcatalog", "cora", "hin_dblp", "wiki_tadw")


def main() -> None:
    """Learn, judge and report."""
    arguments = _arguments()
    data, settings = seen(READERS[arguments.dataset](), arguments.blind), dict(arguments.set)
    with timed() as fit:
        embeddings = make(arguments.method, **settings).fit(data.graph, seed=arguments.seed)
    peak = peak_rss_mb()
    judge = LabelJudge(train_share=arguments.train_share, splits=arguments.splits)
    with timed() as probe:
        figures = judge.figures(data, embeddings, arguments.seed)
    report: dict[str, Any] = {
        **{name: getattr(arguments, name) for name in ("dataset", "method", "seed", "train_share", "splits")},
        "settings": settings,
        **figures,
        "fit_seconds": fit.seconds,
        "fit_cpu_seconds": fit.cpu_seconds,
        "probe_seconds": probe.seconds,
        "peak_rss_mb": peak,
    }
    emit(report, arguments.json)


def seen(data: Data[Labels], blind: float) -> Data[Labels]:
    """Return the data without the labels of a share of the labelled nodes, the same ones every time."""
    labels = data.asked
    rows = np.random.default_rng(0).permutation(len(labels.ids))[round(blind * len(labels.ids)) :]
    has = labels.has.kept(np.isin(labels.has.sources(), rows))
    return replace(data, asked=replace(labels, has=CSR(has.indptr, has.indices, has.columns)))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--dataset", choices=DATASETS, default="blogcatalog")
    parser.add_argument("--method", choices=sorted(methods()), default="prone")
    parser.add_argument(
        "--set", type=setting, action="append", default=[], metavar="NAME=VALUE", help="a parameter"
    )
    parser.add_argument("--train-share", type=float, default=0.9)
    parser.add_argument("--splits", type=int, default=10)
    parser.add_argument("--blind", type=float, default=0.0, help="share of labelled nodes left out")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", action="store_true", help="end with one line of JSON")
    return parser.parse_args()


if __name__ == "__main__":
    main()
