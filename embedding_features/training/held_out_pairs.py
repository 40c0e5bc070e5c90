"""Retrieval of pairs that were held out of the first relation."""

from dataclasses import dataclass

import numpy as np
import torch

from embedding_features.artifact.metric import served_metric
from embedding_features.encoders.base import Network
from embedding_features.errors import GraphError
from embedding_features.evaluate.holdout import split_holdout
from embedding_features.evaluate.retrieval import evaluate_vectors
from embedding_features.graph.csr import CSR
from embedding_features.graph.graph import Graph
from embedding_features.graph.view import GraphView, View
from embedding_features.scorers.base import Compare
from embedding_features.training.held_out import MIN_EDGES, HeldOut
from embedding_features.training.settings import Training

#: sources the metric is measured on: enough for ± .003, and its cost stays below that of an epoch
MAX_SOURCES = 10_000


@dataclass(frozen=True)
class HeldOutPairs(HeldOut):
    """Measures ``recall@k`` or ``ndcg@k`` of held-out pairs among those that are not learned from.

    Attributes:
        wanted: [sources, destinations] the held-out pairs of the first relation.
    """

    wanted: CSR

    def measure(self, network: Network, compare: Compare) -> float:
        """Return the figure; queries are those of the first relation."""
        relation = self.view.relation()
        with torch.no_grad():
            vectors = network.vectors()
            src, dst = vectors[self.view.span(relation.src)], vectors[self.view.span(relation.dst)]
            queries = compare.query(src, torch.zeros(len(src), dtype=torch.int64, device=src.device))
            users, items = queries.cpu().numpy(), dst.cpu().numpy()
        name, k = self.early_stop.split("@")
        seen, metric = relation.forward, served_metric(compare.metric)
        result = evaluate_vectors(users, items, self.wanted, seen, k=int(k), metric=metric)
        return result.recall if name == "recall" else result.ndcg


def hold_out_pairs(
    graph: Graph, settings: View, view: GraphView, training: Training, seed: int
) -> HeldOut | None:
    """Hold out a share of each source's pairs of the view's first relation.

    Args:
        graph: what to hold out of.
        settings: of the view.
        view: of the whole graph.
        training: share to hold out, and the figure.
        seed: of the split.

    Returns:
        The split; None where it would be too small to tell anything.
    """
    relation = view.relation()
    try:
        split = split_holdout(graph, relation.name, float(training.validation), seed, by="random")
    except GraphError:  # every source has one pair only
        return None
    if len(split.src) < MIN_EDGES:
        return None
    sources = np.unique(split.src)
    if len(sources) > MAX_SOURCES:
        sources = np.random.default_rng(seed).choice(sources, MAX_SOURCES, replace=False)
    kept = np.isin(split.src, sources)
    src = np.searchsorted(view.nodes[relation.src].rows, split.src[kept])
    dst = np.searchsorted(view.nodes[relation.dst].rows, split.dst[kept])
    wanted = CSR.from_edges(src, dst, (relation.forward.rows, relation.forward.columns))
    left = settings.build(split.graph, view.nodes)
    return HeldOutPairs(left, str(training.early_stop), wanted)
