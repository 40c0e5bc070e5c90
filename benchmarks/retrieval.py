"""Measures retrieval on public splits: ``python -m benchmarks.retrieval --dataset gowalla --json``.

Parameters of the closed forms are chosen on a fifth of each user's training pairs, held out as the published
test split was; the test split is read once, after the fit. All items are ranked, training items left out,
relevance is binary, and NDCG's ideal is cut at 20, as LightGCN's authors do.
"""

import argparse
from collections.abc import Mapping, Sequence
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
from embedding_features.evaluate.select import Selection, select_parameters
from embedding_features.graph import CSR, Graph
from embedding_features.methods import get_method, make, methods

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

#: what is tried on the validation split, the starting values first
GRIDS: Mapping[str, Mapping[str, Sequence[float]]] = {
    "spectral": {
        "item_exponent": (0.4, 0.3, 0.5),
        "spectrum_exponent": (1.0, 0.5, 1.5),
        "iterations": (4, 3),
    },
    "als": {
        "unobserved_weight": (0.03, 0.01, 0.1),
        "regularization": (1e-4, 1e-3, 1e-5),
    },
}


def main() -> None:
    """Fit, judge and report."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--dataset", choices=sorted(PUBLISHED), default="gowalla")
    parser.add_argument("--method", choices=sorted(methods()), default="spectral")
    parser.add_argument("--dim", type=int, default=64)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", action="store_true", help="end with one line of JSON")
    arguments = parser.parse_args()
    graph = train_graph(arguments.dataset)
    chosen, selection = choose(arguments.method, arguments.dim, graph, arguments.seed)
    method = make(arguments.method, dim=arguments.dim, **chosen)
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
        "settings": {**get_method(arguments.method).parameters, "dim": arguments.dim, **chosen},
        **_validation(selection),
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


def choose(name: str, dim: int, graph: Graph, seed: int) -> tuple[dict[str, Any], Selection | None]:
    """Return parameters chosen on a validation split of the training edges; none without a grid."""
    if name not in GRIDS:
        return {}, None
    selection = select_parameters(
        lambda **parameters: make(name, dim=dim, **parameters), GRIDS[name], graph, by="random", seed=seed
    )
    return selection.best.parameters, selection


def popularity(graph: Graph, src: np.ndarray, dst: np.ndarray) -> Retrieval:
    """Return what the same items for everyone reach: those with most training edges."""
    relation = graph.relation()
    wanted = CSR.from_edges(src, dst, (relation.forward.rows, relation.forward.columns))
    users = np.ones((relation.forward.rows, 1), np.float32)
    items = relation.reverse.degrees.astype(np.float32)[:, None]
    return evaluate_vectors(users, items, wanted, relation.forward)


def _validation(selection: Selection | None) -> dict[str, Any]:
    if selection is None or selection.best.result is None:
        return {"select_seconds": 0.0}
    best = asdict(selection.best.result)
    return {
        "select_seconds": selection.seconds,
        "select_trials": len(selection.trials),
        "validation": {"recall@20": best["recall"], "ndcg@20": best["ndcg"], "users": best["users"]},
    }


def _pair(result: Retrieval) -> tuple[float, float]:
    return result.recall, result.ndcg


def _read(dataset: str, split: str) -> pa.Table:
    path = data_root(dataset) / "interactions.parquet"
    return pq.read_table(path, columns=["user_id", "item_id"], filters=[("split", "=", split)])


if __name__ == "__main__":
    main()
