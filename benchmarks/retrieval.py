"""Measures retrieval on public splits: ``python -m benchmarks.retrieval --dataset gowalla --json``.

Parameters are searched on a fifth of each user's training pairs, held out as the published test split was;
the test split is read once, after the fit. ``--trials 0`` takes the defaults. All items are ranked, training
items left out, relevance is binary, and NDCG's ideal is cut at 20, as LightGCN's authors do.
"""

import argparse
from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.harness import data_root, emit, peak_rss_mb, timed
from embedding_features.errors import DataError
from embedding_features.evaluate.metrics import Retrieval
from embedding_features.evaluate.retrieval import evaluate_embeddings, evaluate_vectors
from embedding_features.graph import CSR, Graph
from embedding_features.methods import get_method, make, methods
from embedding_features.tuning import Tuned, Tuning, tune

#: recall@20, NDCG@20 as published (LightGCN's split; see the data's README)
PUBLISHED: Mapping[str, Mapping[str, tuple[float, float]]] = {
    "gowalla": {
        "MF-BPR": (0.1627, 0.1378),
        "NGCF": (0.1570, 0.1327),
        "EASE": (0.1765, 0.1467),
        "LightGCN": (0.1830, 0.1554),
        "GF-CF": (0.1849, 0.1518),
        "UltraGCN": (0.1862, 0.1580),
        "SimpleX": (0.1872, 0.1557),
        "BSPM": (0.1920, 0.1597),
    },
    "yelp2018": {
        "MF-BPR": (0.0576, 0.0468),
        "NGCF": (0.0579, 0.0477),
        "EASE": (0.0657, 0.0552),
        "LightGCN": (0.0649, 0.0530),
        "GF-CF": (0.0697, 0.0571),
        "UltraGCN": (0.0683, 0.0561),
        "SimpleX": (0.0701, 0.0575),
        "BSPM": (0.0713, 0.0584),
    },
}


def main() -> None:
    """Fit, judge and report."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--dataset", choices=sorted(PUBLISHED), default="gowalla")
    parser.add_argument("--method", choices=sorted(methods()), default="spectral")
    parser.add_argument("--dim", type=int, default=64)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--trials", type=int, default=20, help="of the search for parameters")
    parser.add_argument("--json", action="store_true", help="end with one line of JSON")
    arguments = parser.parse_args()
    graph = train_graph(arguments.dataset)
    tuned = search(arguments.method, arguments.dim, graph, arguments.seed, arguments.trials)
    parameters = {"dim": arguments.dim} if tuned is None else tuned.parameters
    method = make(arguments.method, **parameters)
    with timed() as fit:
        embeddings = method.fit(graph, seed=arguments.seed)
    src, dst = test_pairs(arguments.dataset, graph)
    with timed() as judge:
        result = evaluate_embeddings(embeddings, graph, src, dst)
    report: dict[str, Any] = {
        "dataset": arguments.dataset,
        "method": arguments.method,
        "dim": arguments.dim,
        "seed": arguments.seed,
        "settings": {**get_method(arguments.method).parameters, **parameters},
        **_validation(tuned),
        "recall@20": result.recall,
        "ndcg@20": result.ndcg,
        "users": result.users,
        "fit_seconds": fit.seconds,
        "fit_cpu_seconds": fit.cpu_seconds,
        "evaluate_seconds": judge.seconds,
        "popularity": _pair(popularity(graph, src, dst)),
        "published": PUBLISHED[arguments.dataset],
        "peak_rss_mb": peak_rss_mb(),
    }
    emit(report, arguments.json)


def train_graph(dataset: str) -> Graph:
    """Return the graph of the training edges, with nothing of the test split."""
    pairs = _read(dataset, "train")
    ids = pairs["user_id"].to_numpy(), pairs["item_id"].to_numpy()
    return Graph.from_arrays(datetime(2020, 1, 1, tzinfo=UTC), {("user", "interacts", "item"): ids})


def test_pairs(dataset: str, graph: Graph) -> tuple[np.ndarray, np.ndarray]:
    """Return the test pairs as rows of the graph's vocabularies."""
    pairs = _read(dataset, "test")
    src, dst = (graph.vocabularies[side].encode(pairs[f"{side}_id"]) for side in ("user", "item"))
    if min(src.min(), dst.min()) < 0:
        raise DataError(f"{dataset}: test pairs of users or items that were not trained on")
    return src, dst


def search(name: str, dim: int, graph: Graph, seed: int, trials: int) -> Tuned | None:
    """Search for parameters on a validation split of the training edges; None without trials."""
    if trials == 0:
        return None
    settings = Tuning(metric="ndcg@20", by="random", seed=seed)
    return tune(name, graph, {"dim": dim}, settings=settings, trials=trials)


def popularity(graph: Graph, src: np.ndarray, dst: np.ndarray) -> Retrieval:
    """Return what the same items for everyone reach: those with most training edges."""
    relation = graph.relation()
    wanted = CSR.from_edges(src, dst, (relation.forward.rows, relation.forward.columns))
    users = np.ones((relation.forward.rows, 1), np.float32)
    items = relation.reverse.degrees.astype(np.float32)[:, None]
    return evaluate_vectors(users, items, wanted, relation.forward)


def _validation(tuned: Tuned | None) -> dict[str, Any]:
    if tuned is None or tuned.best.result is None or tuned.start.result is None:
        return {"tune_seconds": 0.0}
    best = asdict(tuned.best.result)
    return {
        "tune_seconds": tuned.seconds,
        "tune_trials": len(tuned.trials),
        "validation": {"recall@20": best["recall"], "ndcg@20": best["ndcg"], "users": best["users"]},
        "validation_of_defaults": {
            "recall@20": tuned.start.result.recall,
            "ndcg@20": tuned.start.result.ndcg,
        },
    }


def _pair(result: Retrieval) -> tuple[float, float]:
    return result.recall, result.ndcg


def _read(dataset: str, split: str) -> pa.Table:
    path = data_root(dataset) / "interactions.parquet"
    return pq.read_table(path, columns=["user_id", "item_id"], filters=[("split", "=", split)])


if __name__ == "__main__":
    main()
