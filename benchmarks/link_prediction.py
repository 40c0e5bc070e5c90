"""Measures methods of knowledge graphs on FB15k-237: filtered ranks of both sides, and what a fit takes.

    python -m benchmarks.link_prediction --method complex --json
    python -m benchmarks.link_prediction --method transe --split valid --set lr=0.01 --set epochs=20

Each relation of the data is one of the graph's, and what is fitted sees its training triples alone. The
triples of one split are ranked by the published vectors, ties as their mean rank; known triples of all splits
are filtered. An entity without a training triple has no vector, and stands there with one of zeros.
``triples_per_s`` counts each training triple once an epoch, though it is learned from both sides. The data
lies in ``$EMBEDDING_FEATURES_DATA/fb15k237``.
"""

import argparse

from benchmarks.catalogue.data.fb15k237 import fb15k237
from benchmarks.catalogue.judges.links import LinkJudge
from benchmarks.harness import emit, peak_rss_mb, setting, timed
from embedding_features.methods import make, methods

FAMILY = [name for name, info in methods().items() if info.family == "knowledge graph"]


def main() -> None:
    """Fit, rank and report."""
    arguments = _arguments()
    data, judge = fb15k237(), LinkJudge(split=arguments.split)
    method = make(arguments.method, **dict(arguments.set))
    with timed() as fit:
        embeddings = method.fit(data.graph, seed=arguments.seed)
    fit_peak = peak_rss_mb()
    with timed() as ranking:
        figures = judge.figures(data, embeddings, arguments.seed)
    learned = embeddings.provenance.figures["epochs"] * len(data.asked.splits["train"].src)
    report = {
        "method": arguments.method,
        "seed": arguments.seed,
        "split": arguments.split,
        **figures,
        "fit_seconds": fit.seconds,
        "fit_cpu_seconds": fit.cpu_seconds,
        "triples_per_s": learned / fit.seconds,
        "fit_peak_rss_mb": fit_peak,
        "ranking_seconds": ranking.seconds,
        "ranking_cpu_seconds": ranking.cpu_seconds,
        "peak_rss_mb": peak_rss_mb(),
    }
    emit(report, arguments.json)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--method", choices=FAMILY, default="complex")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--split", choices=("valid", "test"), default="test")
    parser.add_argument(
        "--set",
        type=setting,
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help="parameter of the method",
    )
    parser.add_argument("--json", action="store_true", help="end with one line of JSON")
    return parser.parse_args()


if __name__ == "__main__":
    main()
